/** What every real client is asked to do: 100 MiB each way at once, then a proper end. */
import assert from "node:assert/strict";
import { openBackend } from "../support/backends.ts";
import { startFor } from "../e2e/whole.ts";
import { tlsSetting } from "../support/tls.ts";
import { createBlock, hashAtBackend, hashTimes, sendTimes } from "../support/transfer.ts";
import { PLAIN } from "../e2e/engine_limits.ts";

const MEBIBYTE = 1024 * 1024;
const MEBIBYTES = 100;
const BLOCK_BYTES = 64 * 1024;

export type FrameType = "text" | "binary";

/** What a client says it has done; the hashes are SHA-1. */
export interface Report {
  readonly sent: string;
  readonly received: string;
  /** The close code it got. */
  readonly code: number;
  readonly wasClean: boolean;
  readonly error?: string;
}

export interface Task {
  /** The tunnel's. */
  readonly url: string;
  /** Of the certificate's authority, where the URL is of TLS: a file of PEM. */
  readonly root?: string;
  /** The certificate, then: a file of PEM. */
  readonly cert?: string;
  readonly type: FrameType;
  /** How many messages of 64 KiB to send. As many bytes come back. */
  readonly blocks: number;
}

/** A mebibyte of characters of one to four bytes. */
function createText(): Uint8Array {
  const text = "😀€ßa".repeat(MEBIBYTE / 10) + "abcdef";
  const bytes = new TextEncoder().encode(text);
  assert.equal(bytes.length, MEBIBYTE);
  return bytes;
}

/** Starts the program, lets the client do its part and does the backend's, and compares. */
export async function moveBothWays(
  type: FrameType,
  client: (task: Task) => Promise<Report>,
  scheme: "ws" | "wss" = "ws",
): Promise<void> {
  await using setting = scheme === "wss" ? await tlsSetting() : null;
  await using backend = openBackend();
  await using program = await startFor(PLAIN, backend.address, {
    wstunnel: `frame-type = "${type}"`,
    flags: setting?.flags ?? [],
  });
  const bytes = type === "text" ? createText() : createBlock(MEBIBYTE, BLOCK_BYTES).payload;
  const blocks = MEBIBYTES * MEBIBYTE / BLOCK_BYTES;
  const url = `${scheme}://localhost:${program.address.split(":").at(-1)}/`;
  const files = setting === null ? {} : { root: setting.authority.cert, cert: setting.server.cert };
  const working = client({ url, ...files, type, blocks });
  working.catch(() => {});
  const taken = await backend.take();
  const sending = sendTimes(taken.connection, bytes, MEBIBYTES);
  const sent = await hashAtBackend(taken, MEBIBYTES * MEBIBYTE);
  await sending.done;
  const report = await working;
  assert.equal(report.error, undefined);
  assert.equal(report.sent, sent, "what the client sent is what the backend got");
  assert.equal(report.received, hashTimes(bytes, MEBIBYTES), "and the other way round");
  assert.equal(report.code, 1000);
  assert.equal(report.wasClean, true);
  assert.equal((await taken.reader.rest("the end of the tunnel")).end, "fin");
  taken.close();
  const closed = await program.entry("tunnel closed");
  assert.equal(closed.cause, "client-close");
  assert.equal(closed.up, MEBIBYTES * MEBIBYTE);
  assert.equal(closed.down, MEBIBYTES * MEBIBYTE);
}

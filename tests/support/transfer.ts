/** Bytes to send again and again, known at both ends, and what is needed to see them stand still and arrive. */
import { createHash, type Hash } from "node:crypto";
import { closeQuietly, concat } from "./connection.ts";
import { eventually, inTime } from "./eventually.ts";
import { randomFrom } from "./random.ts";
import { frame, Opcode, type RawClient } from "./raw_client.ts";
import type { Taken } from "./backends.ts";

/** A direction stands still when nothing has been taken for so long. */
const STILL_MS = 1_000;

/** For what takes its time: a gibibyte on a busy machine. */
const TRANSFER_DEADLINE_MS = 120_000;

export interface Block {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The payload in a client's frames. */
  readonly frames: Uint8Array<ArrayBuffer>;
}

/** Makes random bytes and frames of `frameBytes` of them. */
export function createBlock(bytes: number, frameBytes: number): Block {
  const payload = new Uint8Array(bytes);
  randomFrom(bytes).fill(payload);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes; at += frameBytes) {
    frames.push(frame(Opcode.BINARY, payload.subarray(at, at + frameBytes)));
  }
  return { payload, frames: concat(frames) };
}

/** A transfer under way. */
export interface Sending {
  /** Bytes of the wire that the system has taken. */
  readonly taken: number;
  readonly done: Promise<void>;
}

/** Sends the bytes so many times. */
export function sendTimes(connection: Deno.Conn, bytes: Uint8Array, times: number): Sending {
  let taken = 0;
  const send = async () => {
    for (let round = 0; round < times; round++) {
      for (let at = 0; at < bytes.length;) {
        const count = await connection.write(bytes.subarray(at, at + 256 * 1024));
        at += count;
        taken += count;
      }
    }
  };
  const done = inTime(
    "a transfer's end",
    send(),
    () => closeQuietly(connection),
    TRANSFER_DEADLINE_MS,
  );
  // Who waits for it hears of its failure.
  done.catch(() => {});
  return {
    done,
    get taken() {
      return taken;
    },
  };
}

/** Waits until none of them has gone on for a while, `stillMs` at least. */
export async function standStill(
  sendings: readonly Pick<Sending, "taken">[],
  stillMs = STILL_MS,
): Promise<void> {
  let seen = -1;
  let sinceMs = 0;
  await eventually("the senders to be held up", () => {
    const taken = sendings.reduce((sum, sending) => sum + sending.taken, 0);
    const nowMs = performance.now();
    if (taken !== seen) sinceMs = nowMs;
    seen = taken;
    return nowMs - sinceMs >= stillMs;
  }, TRANSFER_DEADLINE_MS);
}

/** The hash of the bytes so many times. */
export function hashTimes(bytes: Uint8Array, times: number): string {
  const hash = createHash("sha1");
  for (let round = 0; round < times; round++) hash.update(bytes);
  return hash.digest("hex");
}

/** The hash of the next `length` bytes at the backend. */
export async function hashAtBackend({ reader }: Taken, length: number): Promise<string> {
  return await hashOf(length, () => reader.some("the client's bytes"));
}

/** The hash of the next `length` bytes at the client. */
export async function hashAtClient(client: RawClient, length: number): Promise<string> {
  return await hashOf(length, () => client.message(Opcode.BINARY));
}

async function hashOf(length: number, next: () => Promise<Uint8Array | null>): Promise<string> {
  const hash: Hash = createHash("sha1");
  for (let received = 0; received < length;) {
    const bytes = await next();
    if (bytes === null) throw new Error(`the stream ended after ${received} of ${length} bytes`);
    hash.update(bytes);
    received += bytes.length;
    if (received > length) throw new Error(`${received - length} bytes too many came`);
  }
  return hash.digest("hex");
}

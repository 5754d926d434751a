/**
 * From an address to an open WebSocket, within one deadline.
 *
 * @module
 */
import { startDeadline } from "../../base/deadline.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { dial } from "../../backend/dial.ts";
import {
  formatHandshake,
  handshakeKey,
  NONCE_BYTES,
  readOpened,
} from "../../http/client_handshake.ts";
import { readRetryAfter } from "../../http/retry_after.ts";
import { type Answer, explain, readAnswer, writeAll } from "../read_answer.ts";
import { dialInsecurely } from "./insecure.ts";
import type { ConnectSettings } from "./settings.ts";

/** A WebSocket. */
export interface Opened {
  /** What is read begins behind the head of the server's answer. */
  readonly connection: BackendConnection;
  readonly subprotocol: string | null;
}

/** Why there is none. */
export interface OpenProblem {
  /** `refused`: the server's answer says why. */
  readonly kind: "failed" | "refused";
  readonly reason: string;
  /** Of the server's that refuses. */
  readonly answer?: {
    readonly status: number;
    /** How long it asks to be left alone, in milliseconds; null: it doesn't. */
    readonly retryAfterMs: number | null;
  };
}

export type OpenResult = Opened | OpenProblem;

/** Of the body that says why. */
const MAX_BODY_BYTES = 1024;

/** Never rejects. */
export async function openWebSocket(settings: ConnectSettings): Promise<OpenResult> {
  const { connectTimeoutMs } = settings;
  const dueMs = performance.now() + connectTimeoutMs;
  const dialled = await connect(settings);
  if (!dialled.ok) {
    return { kind: "failed", reason: `cannot connect: ${byFlags(dialled.reason)}` };
  }
  const { connection } = dialled;
  let late = false;
  const cancel = startDeadline(Math.max(dueMs - performance.now(), 1), () => {
    late = true;
    connection.close();
  });
  try {
    const opened = await shakeHands(connection, settings);
    if ("kind" in opened) connection.close();
    return opened;
  } catch (error) {
    connection.close();
    const seconds = connectTimeoutMs / 1000;
    const reason = late ? `no answer within ${seconds} s` : (error as Error).message;
    return { kind: "failed", reason };
  } finally {
    cancel();
  }
}

async function connect({ address, tls, connectTimeoutMs }: ConnectSettings) {
  if (tls === null || !tls.isInsecure || address.transport !== "tcp") {
    return await dial(address, {
      timeoutMs: connectTimeoutMs,
      signal: new AbortController().signal,
      tls: tls === null ? undefined : { ...tls, identity: null },
    });
  }
  try {
    const connection = await dialInsecurely(address, tls.serverName, connectTimeoutMs);
    return { ok: true, connection } as const;
  } catch (error) {
    return { ok: false, reason: (error as Error).message } as const;
  }
}

/** What is a key of the file for a server is a flag here. */
function byFlags(reason: string): string {
  return reason.replaceAll("tls.ca", "--ca").replace(
    " (tls.cert, tls.key)",
    ", of which we have none",
  );
}

async function shakeHands(
  connection: BackendConnection,
  { authority, target, subprotocols, headers }: ConnectSettings,
): Promise<OpenResult> {
  const key = handshakeKey(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const handshake = { authority, target, key, subprotocols, headers };
  await writeAll(connection, formatHandshake(handshake));
  const answer = await readAnswer(connection);
  if ("problem" in answer) return { kind: "failed", reason: `the answer ${answer.problem}` };
  const { head, rest } = answer;
  if (head.status !== 101) {
    const retryAfterMs = readRetryAfter(head.headers.get("retry-after"), Date.now());
    return {
      kind: "refused",
      reason: explain(await withBody(connection, answer)),
      answer: { status: head.status, retryAfterMs },
    };
  }
  const opened = readOpened(head, handshake);
  if ("problem" in opened) {
    return { kind: "failed", reason: `the server accepts a tunnel ${opened.problem}` };
  }
  return { connection: behind(rest, connection), subprotocol: opened.subprotocol };
}

/** The connection with what has been read of it already in front. */
function behind(early: Uint8Array, connection: BackendConnection): BackendConnection {
  let left = early;
  return {
    read(buffer) {
      if (left.length === 0) return connection.read(buffer);
      const part = left.subarray(0, buffer.length);
      buffer.set(part);
      left = left.subarray(part.length);
      return Promise.resolve(part.length);
    },
    write: (bytes) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
  };
}

/** Reads on to the end of the body's first line, as far as its length is told. */
async function withBody(connection: BackendConnection, answer: Answer): Promise<Answer> {
  const told = Number(answer.head.headers.get("content-length") ?? 0);
  const length = Math.min(Number.isSafeInteger(told) ? told : 0, MAX_BODY_BYTES);
  const body = new Uint8Array(Math.max(length, answer.rest.length));
  body.set(answer.rest);
  let end = answer.rest.length;
  while (end < length && !body.subarray(0, end).includes(0x0a)) {
    // What has come of it is still worth telling.
    const count = await connection.read(body.subarray(end)).catch(() => null);
    if (count === null) break;
    end += count;
  }
  return { ...answer, rest: body.subarray(0, end) };
}

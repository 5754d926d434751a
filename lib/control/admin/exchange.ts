/**
 * One request and its answer, after which the connection ends (RFC 9112 section 9.6): the request whole, all of it bounded in size and time.
 *
 * @module
 */
import { within } from "../../base/within.ts";
import { KeptBytes } from "../../engine/kept_bytes.ts";
import { REASON_PHRASES } from "../../http/answer.ts";
import { HeadParser } from "../../http/head.ts";
import type { HeaderFields, RequestHead } from "../../http/request.ts";
import { failure } from "./answers.ts";

/** A request that has come. */
export interface Asked {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: HeaderFields;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** For the whole request. */
const REQUEST_MS = 10_000;

/** What is asked for is some words. */
const MAX_BODY_BYTES = 64 * 1024;

/** How long a client may take nothing of its answer. */
const STALLED_MS = 60_000;

/** How long a client has to leave once it has its answer, so that no reset overtakes that. */
const LINGER_MS = 1_000;

const READ_BYTES = 4 * 1024;

/** Answers one request. Rejects where the client leaves or is too slow; the connection is yet to be closed. */
export async function exchange(
  connection: Deno.Conn,
  respond: (asked: Asked) => Promise<Response>,
): Promise<void> {
  const reading = readRequest(connection);
  if (!await within(reading, REQUEST_MS)) return;
  const read = await reading;
  if (read === null) return;
  const answered = "refused" in read ? read.refused : await respond(read.asked);
  const left = untilLeft(connection);
  await send(connection, read.head, answered, left);
  await connection.closeWrite();
  await within(left, LINGER_MS);
}

/** A request, or what is answered to what is none. */
type Read =
  | { readonly head: RequestHead; readonly asked: Asked }
  | { readonly head: null; readonly refused: Response };

function refuse(status: number, reason: string): Read {
  return { head: null, refused: failure(status, reason) };
}

/** Null: the client has left before. */
async function readRequest(connection: Deno.Conn): Promise<Read | null> {
  const parser = new HeadParser();
  const kept = new KeptBytes();
  const more = async () => {
    const buffer = new Uint8Array(READ_BYTES);
    const count = await connection.read(buffer);
    if (count !== null) kept.add(buffer, 0, count);
    return count !== null;
  };
  for (;;) {
    if (!await more()) return null;
    const parsed = parser.parse(kept.bytes, 0, kept.length);
    if (parsed === "incomplete") continue;
    if ("problem" in parsed) return refuse(parsed.problem.status, parsed.problem.reason);
    const { head, end } = parsed;
    if (head.headers.get("transfer-encoding") !== null) {
      return refuse(411, "a body must have a content-length");
    }
    const length = Number(head.headers.get("content-length") ?? 0);
    if (length > MAX_BODY_BYTES) {
      return refuse(413, `the body must be at most ${MAX_BODY_BYTES} bytes`);
    }
    while (kept.length < end + length) if (!await more()) return null;
    const { method, target, headers } = head;
    return { head, asked: { method, target, headers, body: kept.bytes.slice(end, end + length) } };
  }
}

/** Of what a client may send behind its request. */
const MAX_BEHIND_BYTES = 1024 * 1024;

/** Resolves when the client has ended its side, or lost it. */
async function untilLeft(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  try {
    for (let read = 0; read < MAX_BEHIND_BYTES;) {
      const count = await connection.read(buffer);
      if (count === null) return;
      read += count;
    }
  } catch {
    // It is reset, or closed.
  }
}

/** Of what is no request, the head is null. */
async function send(
  connection: Deno.Conn,
  head: RequestHead | null,
  { status, headers, body }: Response,
  left: Promise<void>,
): Promise<void> {
  // What has no length goes on until somebody ends it (RFC 9112 section 7.1).
  const isChunked = body !== null && !headers.has("content-length") && head?.version === "1.1";
  const lines = [
    `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ""}`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
    ...(isChunked ? ["transfer-encoding: chunked"] : []),
    `date: ${new Date().toUTCString()}`,
    "connection: close",
    "\r\n",
  ];
  const reader = body?.getReader();
  try {
    await write(connection, encoder.encode(lines.join("\r\n")));
    if (reader === undefined || head?.method === "HEAD") return;
    if (!headers.has("content-length")) void left.then(() => reader.cancel());
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) break;
      await write(connection, isChunked ? chunk(value) : value);
    }
    if (isChunked) await write(connection, LAST_CHUNK);
  } finally {
    await reader?.cancel();
  }
}

const encoder = new TextEncoder();

const LAST_CHUNK = encoder.encode("0\r\n\r\n");

function chunk(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = encoder.encode(`${bytes.length.toString(16)}\r\n`);
  const all = new Uint8Array(size.length + bytes.length + 2);
  all.set(size);
  all.set(bytes, size.length);
  all.set([0x0d, 0x0a], size.length + bytes.length);
  return all;
}

/** Rejects where the client takes nothing for too long. */
async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const writing = connection.write(bytes.subarray(at));
    if (!await within(writing, STALLED_MS)) throw new Error("the client takes nothing");
    at += await writing;
  }
}

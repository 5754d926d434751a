/**
 * Asks the admin listener of a server that runs: HTTP/1.1 over TCP or a unix-domain socket, one request on a connection.
 *
 * It is a client of our own since the runtime's has no unix-domain sockets in 2.4.2.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import { startDeadline } from "../base/deadline.ts";
import { escapeControls } from "../base/escape.ts";
import { shorten } from "../base/shorten.ts";
import { dial } from "../backend/dial.ts";
import type { BackendConnection } from "../backend/connection.ts";
import { writeAll } from "../backend/write_all.ts";
import type { AnswerHead } from "../http/answer_head.ts";
import { AnswerBody } from "../http/answer_body.ts";
import { EventStream, type SentEvent } from "../http/event_stream.ts";
import { readAnswer } from "./read_answer.ts";

/** Where the admin listener is, and what it knows us by. */
export interface AdminPlace {
  readonly address: Address;
  readonly token: string | null;
}

export interface AdminRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For the whole of it. @default {10_000} */
  readonly patienceMs?: number;
}

/** An answer, whatever its status; or why there is none, in words for a person. */
export type AdminAnswer =
  | { readonly status: number; readonly text: string }
  | { readonly problem: string };

/** 100,000 tunnels in JSON are some 40 MiB. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

const CONNECT_MS = 5_000;
const PATIENCE_MS = 10_000;

/** Asks and reads the whole answer. Never rejects. */
export async function askAdmin(place: AdminPlace, request: AdminRequest): Promise<AdminAnswer> {
  const opened = await open(place, request, request.patienceMs ?? PATIENCE_MS);
  if ("problem" in opened) return opened;
  const decoder = new TextDecoder();
  let [text, count] = ["", 0];
  const problem = await opened.read((bytes) => {
    count += bytes.length;
    if (count > MAX_ANSWER_BYTES) return `has more than ${MAX_ANSWER_BYTES} bytes`;
    text += decoder.decode(bytes, { stream: true });
    return null;
  });
  return problem === null ? { status: opened.head.status, text } : { problem };
}

/** How long the events may be silent, which come each second. */
const SILENCE_MS = 10_000;

/**
 * Follows the Server-Sent Events at a path until `stop` is aborted, or they end. Gives why they did, in words for a person, or an answer that is
 * no stream of events. Never rejects.
 */
export async function followAdmin(
  place: AdminPlace,
  path: string,
  onEvent: (event: SentEvent) => void,
  stop: AbortSignal,
): Promise<AdminAnswer> {
  const opened = await open(place, { method: "GET", path }, SILENCE_MS, stop);
  if ("problem" in opened) return opened;
  const { head: { status, headers } } = opened;
  const isStream = /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
  if (status !== 200 || !isStream) {
    opened.close();
    return { status, text: "" };
  }
  const decoder = new TextDecoder();
  const stream = new EventStream();
  const problem = await opened.read((bytes) => {
    opened.goOn();
    const events = stream.take(decoder.decode(bytes, { stream: true }));
    if (events === null) return "has too long an event";
    events.forEach(onEvent);
    return null;
  });
  return { problem: problem ?? "the server has ended the connection" };
}

/** What an answer's body is read by. */
interface Opened {
  readonly head: AnswerHead;
  /** Reads to the end; `take` says what is wrong with the answer, or null. Closes in any case. Gives what is wrong, or null. */
  read(take: (bytes: Uint8Array) => string | null): Promise<string | null>;
  /** It gets all of its time anew. */
  goOn(): void;
  close(): void;
}

async function open(
  { address, token }: AdminPlace,
  request: AdminRequest,
  patienceMs: number,
  stop: AbortSignal = new AbortController().signal,
): Promise<Opened | { readonly problem: string }> {
  const dialled = await dial(address, { timeoutMs: CONNECT_MS, signal: stop });
  if (!dialled.ok) return { problem: whyNot(address, dialled.kind, dialled.reason) };
  const { connection } = dialled;
  let late = false;
  let closed = false;
  const close = () => {
    cancel();
    stop.removeEventListener("abort", close);
    if (!closed) connection.close();
    closed = true;
  };
  const onLate = () => {
    late = true;
    close();
  };
  let cancel = startDeadline(patienceMs, onLate);
  stop.addEventListener("abort", close);
  const fail = (error: unknown) => {
    close();
    if (late) return { problem: `no answer within ${patienceMs / 1000} s` };
    return { problem: escapeControls((error as Error).message) };
  };
  try {
    await writeAll(connection, requestBytes(address, token, request));
    const answer = await readAnswer(connection);
    if ("problem" in answer) {
      close();
      return { problem: `what listens at ${formatAddress(address)} ${notOurs(answer.problem)}` };
    }
    const { head, rest } = answer;
    return {
      head,
      close,
      goOn() {
        cancel();
        cancel = startDeadline(patienceMs, onLate);
      },
      async read(take) {
        try {
          const problem = await readBody(connection, new AnswerBody(head), rest, take);
          return problem === null ? null : `the answer ${problem}`;
        } catch (error) {
          return fail(error).problem;
        } finally {
          close();
        }
      },
    };
  } catch (error) {
    return fail(error);
  }
}

function notOurs(problem: string): string {
  return `is no admin listener of wstunnel: its answer ${problem}`;
}

const READ_BYTES = 64 * 1024;

async function readBody(
  connection: BackendConnection,
  body: AnswerBody,
  rest: Uint8Array<ArrayBuffer>,
  take: (bytes: Uint8Array) => string | null,
): Promise<string | null> {
  const buffer = new Uint8Array(READ_BYTES);
  for (let came = rest;;) {
    const part = body.take(came);
    if ("problem" in part) return part.problem;
    for (const bytes of part.parts) {
      const problem = take(bytes);
      if (problem !== null) return problem;
    }
    if (body.isOver) return null;
    const count = await connection.read(buffer);
    if (count === null) return body.mayEnd ? null : "ends before its end";
    came = buffer.subarray(0, count);
  }
}

function requestBytes(
  address: Address,
  token: string | null,
  { method, path, body }: AdminRequest,
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const json = body === undefined ? "" : JSON.stringify(body);
  const head = [
    `${method} ${path} HTTP/1.1`,
    // A socket has no name of its own.
    `Host: ${address.transport === "unix" ? "localhost" : formatAddress(address)}`,
    "Connection: close",
    "Accept: application/json, text/event-stream",
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ["Content-Type: application/json"]),
    ...(method === "GET" ? [] : [`Content-Length: ${encoder.encode(json).length}`]),
  ];
  return encoder.encode(`${head.join("\r\n")}\r\n\r\n${json}`);
}

/** EACCES and EPERM, as the runtime's words have them. */
const NOT_ALLOWED = /\(os error (?:13|1)\)/;

function whyNot(address: Address, kind: string, reason: string): string {
  const where = formatAddress(address);
  if (kind === "closed") {
    return `nobody listens at ${where}: does wstunnel run, with admin = ${JSON.stringify(where)}?`;
  }
  if (NOT_ALLOWED.test(reason)) {
    return `${where}: permission denied: run it as root, or as the user that wstunnel runs as`;
  }
  return `cannot connect to ${where}: ${reason}`;
}

/** Of a body that is no explanation in one line. */
const MAX_WORDS = 300;

const NO_TOKEN = "needs the token of the server's admin-token-file: by --admin-token-file FILE, " +
  "--config FILE or the variable WSTUNNEL_ADMIN_TOKEN";

/** What an answer that isn't what was asked for says, for a person. */
export function explainAnswer(
  { address, token }: AdminPlace,
  { status, text }: { readonly status: number; readonly text: string },
): string {
  if (status === 401 && token === null) return NO_TOKEN;
  const said = errorIn(text);
  if (said !== null) return escapeControls(said);
  const line = escapeControls(shorten(text.trim().split("\n")[0]!, MAX_WORDS));
  const words = line === "" ? "" : `: ${line}`;
  return `${
    formatAddress(address)
  } answers ${status}${words}; is it the admin listener of wstunnel?`;
}

/** The words of an `ErrorAnswer`; null: it is none. */
function errorIn(text: string): string | null {
  const answer = objectIn(text);
  const error = answer?.["error"];
  return typeof error === "string" ? error : null;
}

/** An object in JSON; null: it is none. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null;
  } catch {
    return null;
  }
}

/** The rows of a list in an answer; null: there is none. */
export function rowsIn<Row>(object: Readonly<Record<string, unknown>>, name: string): Row[] | null {
  const rows = object[name];
  const isList = Array.isArray(rows) &&
    rows.every((row) => typeof row === "object" && row !== null);
  return isList ? rows : null;
}

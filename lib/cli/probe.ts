/**
 * Asks a running server whether it is well, as a container's health check does.
 *
 * `http:` and `unix:` ask for a plain answer: any below 500 shows that the listener takes requests and the program serves
 * them. No backend is touched, so it may be asked often. `ws:` opens a tunnel and closes it again with 1000: the path is
 * served and a backend took the connection. It sends no Origin, so a server that checks origins refuses it. That counts as a
 * tunnel, and starts a program where each tunnel has its own.
 *
 * @module
 */
import { type Address, parseAddress, parseUnixPath } from "../base/address.ts";
import { startDeadline } from "../base/deadline.ts";
import { dial } from "../backend/dial.ts";
import type { BackendConnection } from "../backend/connection.ts";
import { acceptKey } from "../http/handshake.ts";

/** Shorter than the health checks of container engines wait. */
const PATIENCE_MS = 5_000;

/** More than an answer's head and reason take. */
const ANSWER_BYTES = 4096;

/** Of a body that is no explanation in one line. */
const MAX_WORDS_LENGTH = 200;

/** A masked Close frame with code 1000; the mask is zero, since nobody is to be protected from six bytes (RFC 6455 section 5.3). */
const CLOSE_FRAME = Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8);

export interface Probe {
  readonly address: Address;
  readonly kind: "answer" | "tunnel";
  /** For the Host header. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
}

/** Reads `http://host:port/path`, `ws://host:port/path` or `unix:/path`. */
export function parseProbe(text: string): Probe | { readonly problem: string } {
  if (text.startsWith("unix:")) {
    const parsed = parseUnixPath(text.slice("unix:".length));
    return "problem" in parsed
      ? parsed
      : { address: parsed.address, kind: "answer", authority: "localhost", target: "/" };
  }
  const url = URL.parse(text);
  if (url === null || !["http:", "ws:"].includes(url.protocol)) {
    return { problem: "must be http://host:port/path, ws://host:port/path or unix:/path" };
  }
  const parsed = parseAddress(`${url.hostname}:${url.port || 80}`);
  if ("problem" in parsed) return parsed;
  const kind = url.protocol === "ws:" ? "tunnel" : "answer";
  return { address: parsed.address, kind, authority: url.host, target: url.pathname + url.search };
}

/** Whether the server is well, and in a line how it shows. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly text: string;
}

/** Asks; never rejects. */
export async function probe(
  request: Probe,
  patienceMs: number = PATIENCE_MS,
): Promise<ProbeResult> {
  const dialled = await dial(request.address, patienceMs, new AbortController().signal);
  if (!dialled.ok) return { ok: false, text: `cannot connect: ${dialled.reason}` };
  const { connection } = dialled;
  let late = false;
  const cancel = startDeadline(patienceMs, () => {
    late = true;
    connection.close();
  });
  try {
    return await ask(connection, request);
  } catch (error) {
    const seconds = patienceMs / 1000;
    return { ok: false, text: late ? `no answer within ${seconds} s` : (error as Error).message };
  } finally {
    cancel();
    if (!late) connection.close();
  }
}

async function ask(connection: BackendConnection, request: Probe): Promise<ProbeResult> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    `Sec-WebSocket-Key: ${key}\r\n`;
  const fields = request.kind === "tunnel" ? upgrade : "Connection: close\r\n";
  const head = `GET ${request.target} HTTP/1.1\r\nHost: ${request.authority}\r\n${fields}\r\n`;
  await writeAll(connection, new TextEncoder().encode(head));
  const answer = parseAnswer(await readAnswer(connection));
  if (answer === null) return { ok: false, text: "the answer is no HTTP" };
  const { status, reason } = answer;
  if (request.kind === "answer") return { ok: status < 500, text: `answers ${reason}` };
  if (status !== 101) return { ok: false, text: `refuses a tunnel: ${reason}` };
  if (answer.accept !== acceptKey(key)) {
    return { ok: false, text: "accepts a tunnel with a wrong Sec-WebSocket-Accept" };
  }
  // Whether it ends well is another question.
  await closeTunnel(connection).catch(() => {});
  return { ok: true, text: "a tunnel opens" };
}

/** The server ends the connection once it has answered the Close. */
async function closeTunnel(connection: BackendConnection): Promise<void> {
  await writeAll(connection, CLOSE_FRAME);
  const discarded = new Uint8Array(ANSWER_BYTES);
  while (await connection.read(discarded) !== null);
}

/** The bytes up to the end of the head at least, or of the connection. */
async function readAnswer(connection: BackendConnection): Promise<string> {
  const bytes = new Uint8Array(ANSWER_BYTES);
  let text = "";
  for (let at = 0; at < bytes.length && !text.includes("\r\n\r\n");) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) break;
    at += count;
    text = new TextDecoder().decode(bytes.subarray(0, at));
  }
  return text;
}

interface Answer {
  readonly status: number;
  /** The status line's end and the first line of the body. */
  readonly reason: string;
  readonly accept: string | undefined;
}

function parseAnswer(text: string): Answer | null {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const line = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?/.exec(head);
  if (line === null) return null;
  const words = body.split("\n")[0]!.trim().slice(0, MAX_WORDS_LENGTH);
  return {
    status: Number(line[1]),
    reason: `${line[1]} ${line[2] ?? ""}`.trim() + (words && `: ${words}`),
    accept: /^sec-websocket-accept: *(\S+)/im.exec(head)?.[1],
  };
}

async function writeAll(
  connection: BackendConnection,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/**
 * Asks a running server whether it is well, as a container's health check does.
 *
 * `http:`, `https:` and `unix:` ask for a plain answer: any below 500 shows that the listener takes requests and the program serves
 * them. No backend is touched, so it may be asked often. `ws:` and `wss:` open a tunnel and close it again with 1000: the path is
 * served and a backend took the connection; a server that doesn't end it as it should is told of, and well all the same. It
 * sends no Origin, so a server that checks origins refuses it. That counts as a tunnel, and starts a program where each tunnel has its own.
 *
 * @module
 */
import { type Address, parseAddress, parseUnixPath } from "../base/address.ts";
import { startDeadline } from "../base/deadline.ts";
import { dial } from "../backend/dial.ts";
import type { BackendConnection } from "../backend/connection.ts";
import { writeAll } from "../backend/write_all.ts";
import {
  formatHandshake,
  handshakeKey,
  NONCE_BYTES,
  readOpened,
} from "../http/client_handshake.ts";
import { closeWebSocket } from "./closing_handshake.ts";
import { explain, printable, readAnswer } from "./read_answer.ts";

/** Shorter than the health checks of container engines wait. */
const PATIENCE_MS = 5_000;

/** How long a server has to end a tunnel in any case. */
const LEAST_CLOSE_MS = 500;

export interface Probe {
  readonly address: Address;
  readonly kind: "answer" | "tunnel";
  /** For the Host header. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** The name that its certificate must be for; null: it is asked without TLS. */
  readonly serverName: string | null;
}

/** Reads `http://host:port/path`, `ws://host:port/path`, the same by `https:` and `wss:`, or `unix:/path`. */
export function parseProbe(text: string): Probe | { readonly problem: string } {
  if (text.startsWith("unix:")) {
    const parsed = parseUnixPath(text.slice("unix:".length));
    return "problem" in parsed
      ? parsed
      : { ...parsed, kind: "answer", authority: "localhost", target: "/", serverName: null };
  }
  const url = URL.parse(text);
  if (url === null || !["http:", "ws:", "https:", "wss:"].includes(url.protocol)) {
    return { problem: RULE };
  }
  const isSecure = ["https:", "wss:"].includes(url.protocol);
  const parsed = parseAddress(`${url.hostname}:${url.port || (isSecure ? 443 : 80)}`);
  if ("problem" in parsed) return parsed;
  return {
    ...parsed,
    kind: url.protocol.startsWith("ws") ? "tunnel" : "answer",
    authority: url.host,
    target: url.pathname + url.search,
    serverName: isSecure ? url.hostname.replace(/^\[|\]$/g, "") : null,
  };
}

const RULE =
  "must be http://host:port/path, ws://host:port/path, https:// or wss:// of these, or unix:/path";

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
  const { address, serverName } = request;
  const dialled = await dial(address, {
    timeoutMs: patienceMs,
    signal: new AbortController().signal,
    tls: serverName === null ? undefined : { serverName, ca: [], identity: null },
  });
  if (!dialled.ok) {
    return { ok: false, text: `cannot connect: ${withoutConfiguration(dialled.reason)}` };
  }
  const { connection } = dialled;
  const dueMs = performance.now() + patienceMs;
  let late = false;
  const cancel = startDeadline(patienceMs, () => {
    late = true;
    connection.close();
  });
  let asked: Asked;
  try {
    asked = await ask(connection, request);
  } catch (error) {
    const seconds = patienceMs / 1000;
    asked = { ok: false, text: late ? `no answer within ${seconds} s` : (error as Error).message };
  } finally {
    cancel();
  }
  if (!("early" in asked)) {
    if (!late) connection.close();
    return asked;
  }
  const leftMs = Math.max(dueMs - performance.now(), LEAST_CLOSE_MS);
  const fault = await closeWebSocket(connection, asked.early, leftMs);
  // That a tunnel opens is what was asked.
  if (fault === null) return { ok: true, text: "a tunnel opens" };
  return { ok: true, text: `a tunnel opens, but the server ${printable(fault)}` };
}

/** There is none here in which an authority could be named. */
function withoutConfiguration(reason: string): string {
  return reason.replace(
    /: tls\.ca names .*$/,
    ": DENO_CERT in the environment names a file of others",
  );
}

/** What an answer comes to; or a tunnel that is open, and what the server has sent behind its head. */
type Asked = ProbeResult | { readonly early: Uint8Array };

async function ask(connection: BackendConnection, request: Probe): Promise<Asked> {
  const { authority, target } = request;
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const handshake = { authority, target, key: handshakeKey(nonce), subprotocols: [] };
  const plain = `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`;
  const isTunnel = request.kind === "tunnel";
  await writeAll(
    connection,
    isTunnel ? formatHandshake(handshake) : new TextEncoder().encode(plain),
  );
  const answer = await readAnswer(connection);
  if ("problem" in answer) return { ok: false, text: `the answer ${answer.problem}` };
  const { head, rest } = answer;
  if (!isTunnel) return { ok: head.status < 500, text: `answers ${explain(answer)}` };
  if (head.status !== 101) return { ok: false, text: `refuses a tunnel: ${explain(answer)}` };
  const opened = readOpened(head, handshake);
  if ("problem" in opened) return { ok: false, text: `accepts a tunnel ${opened.problem}` };
  return { early: rest };
}

/**
 * From an address to an open WebSocket, within one deadline.
 *
 * @module
 */
import { startDeadline } from "../../base/deadline.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { createCancel } from "../../backend/connect.ts";
import { writeAll } from "../../backend/write_all.ts";
import {
  formatHandshake,
  handshakeKey,
  NONCE_BYTES,
  readOpened,
} from "../../http/client_handshake.ts";
import { readRetryAfter } from "../../http/retry_after.ts";
import { type Answer, explain, NO_ANSWER, readAnswer } from "../read_answer.ts";
import { behind } from "./behind.ts";
import type { OpenProblem } from "./open_problem.ts";
import { redirectWords } from "./redirect.ts";
import { dialFirst, goOn, orClosed, wordsOf } from "./reach.ts";
import type { ConnectSettings } from "./settings.ts";
import { byFlags } from "./tls_settings.ts";

/** A WebSocket. */
export interface Opened {
  /** What is read begins behind the head of the server's answer. */
  readonly connection: BackendConnection;
  readonly subprotocol: string | null;
}

export type OpenResult = Opened | OpenProblem;

/** Of the body that says why. */
const MAX_BODY_BYTES = 1024;

/** Never rejects. */
export async function openWebSocket(settings: ConnectSettings): Promise<OpenResult> {
  const dueMs = performance.now() + settings.connectTimeoutMs;
  const first = await dialFirst(settings);
  if ("kind" in first) return first;
  const late = createCancel();
  const cancel = startDeadline(Math.max(dueMs - performance.now(), 1), () => late.abort());
  try {
    const reached = await goOn(first, settings, late.signal);
    if ("kind" in reached) return reached;
    return await orClosed(reached, late.signal, () => shakeHands(reached, settings));
  } catch (error) {
    const reason = !late.signal.aborted && isEnd(error)
      ? endedWithout(settings)
      : byFlags(wordsOf(error, late.signal, settings));
    return { kind: "failed", reason };
  } finally {
    cancel();
  }
}

function isEnd(error: unknown): boolean {
  const { ConnectionReset, UnexpectedEof, BrokenPipe } = Deno.errors;
  return [ConnectionReset, UnexpectedEof, BrokenPipe].some((kind) => error instanceof kind);
}

/** In TLS 1.3 the handshake is over for us before the server has seen what we show; not every server says what it misses. */
function endedWithout({ tls }: ConnectSettings): string {
  const ended = "the server has ended the connection without an answer";
  if (tls === null) return ended;
  return tls.identity === null
    ? `${ended}: it may ask for a client's certificate, which --cert and --key name`
    : `${ended}: it may not accept the certificate of --cert`;
}

async function shakeHands(
  connection: BackendConnection,
  settings: ConnectSettings,
): Promise<OpenResult> {
  const { authority, target, subprotocols, headers } = settings;
  const key = handshakeKey(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const handshake = { authority, target, key, subprotocols, headers };
  // Who takes no more may have answered already; who hasn't is found in reading.
  await writeAll(connection, formatHandshake(handshake)).catch(() => {});
  const answer = await readAnswer(connection);
  if ("problem" in answer) {
    const { problem } = answer;
    const reason = problem === NO_ANSWER ? endedWithout(settings) : `the answer ${problem}`;
    return { kind: "failed", reason };
  }
  const { head, rest } = answer;
  if (head.status !== 101) {
    const retryAfterMs = readRetryAfter(head.headers.get("retry-after"), Date.now());
    return {
      kind: "refused",
      reason: `refuses: ${explain(await withBody(connection, answer))}` +
        redirectWords(head, settings),
      answer: { from: "server", status: head.status, retryAfterMs },
    };
  }
  const opened = readOpened(head, handshake);
  if ("problem" in opened) {
    return { kind: "failed", reason: `the server accepts a tunnel ${opened.problem}` };
  }
  return { connection: behind(rest, connection), subprotocol: opened.subprotocol };
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

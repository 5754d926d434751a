/**
 * A connection of SOCKS up to the address that its client asks for: within a deadline, and with no more held than the longest request.
 *
 * @module
 */
import { closeQuietly } from "../../../base/close_quietly.ts";
import { startDeadline } from "../../../base/deadline.ts";
import { within } from "../../../base/within.ts";
import type { BackendConnection } from "../../../backend/connection.ts";
import { writeAll } from "../../../backend/write_all.ts";
import { behind } from "../behind.ts";
import { CHOSEN, MOST_BYTES, readGreeting, readRequest, type SocksProblem } from "./messages.ts";

/** For all that it says before a tunnel is opened. */
const NEGOTIATION_MS = 10_000;

/** How long it has to read why there is none: to close on what it still sends would take the reply away (tcp(7), reset). */
const LAST_WORDS_MS = 1_000;

export interface Asked {
  readonly address: string;
  /** What is read begins behind the request. */
  readonly connection: BackendConnection;
}

/** Null as problem: there is nothing to tell. */
export type NegotiateResult = Asked | { readonly problem: string | null };

/** Where it wants to go, or what is wrong with it; then it has been told and closed. Never rejects. */
export async function negotiate(
  connection: BackendConnection,
  signal: AbortSignal,
  patienceMs = NEGOTIATION_MS,
): Promise<NegotiateResult> {
  let isLate = false;
  const close = () => closeQuietly(connection);
  const cancel = startDeadline(patienceMs, () => {
    isLate = true;
    close();
  });
  signal.addEventListener("abort", close);
  try {
    const asked = await ask(connection);
    if (!("problem" in asked)) return asked;
    await dismiss(connection, asked.answer);
    return asked;
  } catch {
    close();
    return { problem: isLate ? `asks for nothing within ${patienceMs / 1000} s` : null };
  } finally {
    cancel();
    signal.removeEventListener("abort", close);
  }
}

async function ask(connection: BackendConnection): Promise<Asked | SocksProblem> {
  const bytes = new Uint8Array(MOST_BYTES);
  let end = 0;
  const more = async () => {
    const count = await connection.read(bytes.subarray(end));
    if (count === null) throw new Error("it has ended");
    end += count;
  };
  let greeting;
  while ((greeting = readGreeting(bytes, 0, end)) === "incomplete") await more();
  if ("problem" in greeting) return greeting;
  await writeAll(connection, CHOSEN);
  let request;
  while ((request = readRequest(bytes, greeting.end, end)) === "incomplete") await more();
  if ("problem" in request) return request;
  const early = bytes.subarray(request.end, end);
  return { address: request.address, connection: behind(early, connection) };
}

/** Ends a connection behind its last words. Never rejects. */
export async function dismiss(
  connection: BackendConnection,
  words: Uint8Array<ArrayBuffer> | null,
): Promise<void> {
  const read = async () => {
    const nowhere = new Uint8Array(MOST_BYTES);
    while (await connection.read(nowhere) !== null);
  };
  const speak = async () => {
    if (words === null) return;
    await writeAll(connection, words);
    await connection.closeWrite();
    await read();
  };
  const spoken = speak();
  await within(spoken, LAST_WORDS_MS);
  closeQuietly(connection);
  await spoken.catch(() => {});
}

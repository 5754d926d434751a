/** Routes whose requests say where they lead, and backends that say their names. */
import assert from "node:assert/strict";
import { type Backend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { text } from "./whole.ts";

/** Says a name to whoever comes, and waits for the end. */
export function named(name: string, at?: { path?: string; port?: number }): Backend {
  return serveBackend(async ({ reader, write }) => {
    await write(name);
    await reader.rest("the end of the tunnel");
  }, at);
}

/** The name that the backend of a request says. */
export async function nameAt(program: Program, target: string): Promise<string> {
  using client = await openTunnel(program.address, target);
  const name = text(await client.message(Opcode.BINARY));
  await client.close(1000);
  return name;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** The answer of a request that becomes no tunnel. */
export async function answerOf(
  program: Program,
  target: string,
  fields: Record<string, string> = {},
): Promise<Answered> {
  using client = await openRaw(program.address);
  await client.write(handshake(target, fields));
  const response = await client.head();
  if (response.status === 101) return { status: 101, body: "" };
  return { status: response.status, body: await client.body(response) };
}

/** What every request gets that names no target that it may reach. */
export const NO_TARGET: Answered = {
  status: 403,
  body: "this request names no target that it may reach\n",
};

export const DOWN: Answered = { status: 503, body: "no backend can be reached\n" };

/** A request that is refused and why, as the log has it. */
export async function assertRefused(program: Program, target: string, why: string): Promise<void> {
  const count = program.entries("request refused").length;
  assert.deepEqual(await answerOf(program, target), NO_TARGET, target);
  // Lines of requests before it may come behind their answers.
  const reasons = () =>
    program.entries("request refused").slice(count).map((entry) => entry["why"]);
  await eventually(
    `${target} to be refused for "${why}"`,
    () => reasons().includes(why),
  );
}

/** Waits until a request gets that answer. */
export async function eventuallyAnswered(
  program: Program,
  target: string,
  expected: Answered,
): Promise<void> {
  await eventually(`${expected.status} for it`, async () => {
    const { status, body } = await answerOf(program, target);
    return status === expected.status && body === expected.body;
  });
}

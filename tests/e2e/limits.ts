/** Clients of the tests of limits. */
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { type Fields, handshake, openRaw, type RawClient } from "../support/raw_client.ts";

/** Asks for a tunnel; the client, and what it was answered. */
export async function ask(program: Program, target = "/", fields: Fields = {}) {
  const client = await openRaw(program.address);
  await client.write(handshake(target, fields));
  const response = await client.head();
  const { status } = response;
  const why = status === 101 ? "" : (await client.body(response)).trimEnd();
  return { client, status, why, retryAfter: response.headers.get("retry-after") };
}

export async function statusOf(
  program: Program,
  target = "/",
  fields: Fields = {},
): Promise<number> {
  const { client, status } = await ask(program, target, fields);
  client[Symbol.dispose]();
  return status;
}

export function dispose(clients: readonly Disposable[]): void {
  for (const client of clients) client[Symbol.dispose]();
}

/** Waits until a tunnel can be opened again, and gives it. */
export async function untilOpen(
  program: Program,
  target = "/",
  fields: Fields = {},
): Promise<RawClient> {
  const opened = await eventually("a tunnel", async () => {
    const { client, status } = await ask(program, target, fields);
    if (status === 101) return client;
    client[Symbol.dispose]();
    return null;
  });
  return opened!;
}

/**
 * A backend that echoes, whose address is said first, and its clients: told where to, they open tunnels, say so, and once they are told to go have
 * each a message echoed after the other, for as long as is said. How many those were is said last, and the longest that one took.
 */
import { echo, serveBackend } from "../../../support/backends.ts";
import { readLines } from "../../../support/lines.ts";
import { eventually } from "../../../support/eventually.ts";
import { Opcode, openTunnel, type RawClient } from "../../../support/raw_client.ts";

const [tunnels, forMs] = Deno.args.map(Number) as [number, number];
await using backend = serveBackend(echo);
console.log(backend.address);
const told = readLines(Deno.stdin.readable);
await eventually("an address", () => told.all.length > 0);
const clients: RawClient[] = [];
for (let i = 0; i < tunnels; i++) clients.push(await openTunnel(told.all[0]!));
console.log("open");
await eventually("the word", () => told.all.length > 1);
const endsAt = performance.now() + forMs;
let trips = 0;
let longestMs = 0;
const go = async (client: RawClient) => {
  for (let at; (at = performance.now()) < endsAt; trips++) {
    await client.send(Opcode.BINARY, "?");
    await client.message(Opcode.BINARY);
    longestMs = Math.max(longestMs, performance.now() - at);
  }
};
await Promise.all(clients.map(go));
console.log(JSON.stringify({ trips, longestMs }));
for (const client of clients) client[Symbol.dispose]();

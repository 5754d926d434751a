/**
 * Connections that are closed, reset and half-closed at random on both sides of tunnels, while their descriptors' numbers are used again for others:
 * each byte that arrives is its tunnel's next one, and nothing is left of any of them.
 */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { formatAddress } from "../../../lib/base/address.ts";
import { hotCalls } from "../../../lib/sys/hot_calls.ts";
import type { Libc } from "../../../lib/sys/libc.ts";
import { createSockets, type Sockets } from "../../../lib/sys/sockets.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../../../lib/sys/socket_constants.ts";
import { openEndpoint } from "../../conformance/endpoint.ts";
import { concat, createReader } from "../../support/connection.ts";
import { eventually } from "../../support/eventually.ts";
import { type Random, withRandom } from "../../support/random.ts";
import {
  closePayload,
  handshake,
  Opcode,
  type RawClient,
  rawOn,
  shakeHands,
} from "../../support/raw_client.ts";
import { Bytes } from "./bytes.ts";
import { openSocketPair } from "./pair.ts";
import { type Plug, plugOf } from "./plug.ts";
import { testLoop } from "./setting.ts";

const FUZZ_MS = 1000 * Number(Deno.env.get("WSTUNNEL_FUZZ_SECONDS") ?? 3);

const AT_ONCE = 24;

/** Time passes faster than it does: in each pause a second of it. */
const PASS = { everyMs: 100, ms: 1_000 };

/** Frames around the steps of their header's length, and more than the systems hold now and then. */
const SIZES = [1, 125, 126, 5_000, 65_535, 65_536, 300_000];

interface World {
  readonly libc: Libc;
  readonly sockets: Sockets;
  readonly random: Random;
  readonly counts: { tunnels: number; bytes: number; resets: number; halves: number };
}

/** Whatever may happen to a connection may; what is wrong is neither a system's error nor an end. */
async function anyhow(going: Promise<unknown>): Promise<void> {
  try {
    await going;
  } catch (error) {
    const isWrong = error instanceof assert.AssertionError || /^not within/.test(`${error}`);
    if (isWrong) throw error;
  }
}

/** Lets others go first, or not. */
async function dawdle(random: Random): Promise<void> {
  for (let turns = random.below(4); turns > 0; turns--) await turn();
}

/** Ends a connection in one of the ways that there are, but for one that is polite. */
function leave({ random, counts }: World, plug: Plug): void {
  if (random.oneIn(2)) plug.close();
  else if (plug.reset()) counts.resets++;
}

/** Sends some messages, and then ends its stream perhaps. */
async function talk(
  { random, counts }: World,
  plug: Plug,
  send: (size: number) => Promise<void>,
): Promise<void> {
  for (let left = random.below(6); left > 0; left--) {
    await send(random.pick(SIZES));
    await dawdle(random);
  }
  if (!random.oneIn(3)) return;
  counts.halves++;
  await plug.closeWrite();
}

/** The backend's end of a tunnel, whose first four bytes say which one it is. */
async function serve(world: World, plug: Plug): Promise<void> {
  const { random, counts } = world;
  const reader = createReader(plug as unknown as Deno.Conn);
  const first = await reader.exactly(4, "the tunnel's number");
  const tunnel = new DataView(first.buffer).getUint32(0);
  const [up, down] = [new Bytes(tunnel, "up"), new Bytes(tunnel, "down")];
  const listen = async () => {
    let left = random.oneIn(2) ? Infinity : random.below(1_000_000);
    for (let bytes; left > 0 && (bytes = await reader.some("a client")) !== null;) {
      up.check(bytes);
      counts.bytes += bytes.length;
      left -= bytes.length;
    }
  };
  const send = async (size: number) => {
    const bytes = down.next(size);
    for (let at = 0; at < size;) at += await plug.write(bytes.subarray(at));
  };
  await together(plug, [listen(), talk(world, plug, send)]);
  leave(world, plug);
}

/** The client's end of a tunnel, or of a connection that never becomes one. */
async function visit(world: World, plug: Plug): Promise<void> {
  const { random, counts } = world;
  const raw = rawOn(plug as unknown as Deno.Conn);
  if (random.oneIn(8)) {
    await raw.write(handshake().slice(0, 1 + random.below(200)));
    await dawdle(random);
    return leave(world, plug);
  }
  const client = await shakeHands(raw);
  const tunnel = ++counts.tunnels;
  const up = new Bytes(tunnel, "up");
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, tunnel);
  await client.send(Opcode.BINARY, concat([number, up.next(random.below(9))]));
  const send = (size: number) => client.send(Opcode.BINARY, up.next(size));
  const say = async () => {
    await talk(world, plug, send);
    if (random.oneIn(2)) await client.send(Opcode.CLOSE, closePayload(1000));
    else leave(world, plug);
  };
  await together(plug, [hear(world, client, new Bytes(tunnel, "down")), say()]);
  leave(world, plug);
}

/** Reads until a Close comes, or some. */
async function hear({ random, counts }: World, client: RawClient, down: Bytes): Promise<void> {
  let left = random.oneIn(2) ? Infinity : random.below(1_000_000);
  while (left > 0) {
    const { opcode, payload } = await client.frame();
    if (opcode === Opcode.CLOSE) return;
    if (opcode !== Opcode.BINARY) continue;
    down.check(payload);
    counts.bytes += payload.length;
    left -= payload.length;
  }
}

/** Both ways of a connection, which goes with the first that can't go on. */
async function together(plug: Plug, ways: readonly Promise<void>[]): Promise<void> {
  for (const way of ways) way.catch(() => plug.close());
  const [first, second] = await Promise.allSettled(ways);
  for (const settled of [first, second]) if (settled?.status === "rejected") throw settled.reason;
}

/** Numbers that others have for a while: nobody reads what waits there, and nobody writes there. */
async function stray({ libc, random }: World): Promise<void> {
  const pair = openSocketPair(libc);
  pair.send("stray");
  await dawdle(random);
  const bytes = new Uint8Array(100);
  const count = Number(libc.symbols.recv(pair.ends[0], bytes, 100n, 0));
  assert.equal(new TextDecoder().decode(bytes.subarray(0, count)), "stray");
  assert.deepEqual(pair.receive(100), new Uint8Array(0));
  pair.close();
}

/** Gives what was done. */
async function fuzz(libc: Libc, random: Random, workers: number): Promise<World["counts"]> {
  const calls = hotCalls(libc);
  const sockets = createSockets(libc, calls);
  const counts = { tunnels: 0, bytes: 0, resets: 0, halves: 0 };
  const world: World = { libc, sockets, random, counts };
  const backend = sockets.listen({ transport: "tcp", hostname: "127.0.0.1", port: 0 });
  await using endpoint = openEndpoint("loop", formatAddress(sockets.localOf(backend)!), {
    wstunnel: 'frame-type = "binary"',
    level: 2,
    workers,
  });
  await eventually("a worker", () => workers === 0 || endpoint.workers!.choose() !== null);
  const [hostname, port] = endpoint.address.split(":") as [string, string];
  const endsAt = performance.now() + FUZZ_MS;
  const wrong: unknown[] = [];
  const tell = (error: unknown) => void wrong.push(error);
  const isOver = () => performance.now() > endsAt || wrong.length > 0;

  const served = new Set<Promise<void>>();
  const accept = () => {
    const descriptor = calls.accept4(backend, 0n, 0n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return false;
    const plug = plugOf(libc, descriptor);
    const serving = anyhow(serve(world, plug)).catch(tell).finally(() => {
      plug.close();
      served.delete(serving);
    });
    served.add(serving);
    return true;
  };
  const travel = async () => {
    while (!isOver()) {
      const address = { transport: "tcp", hostname, port: Number(port) } as const;
      const plug = plugOf(libc, sockets.connect(address)!.descriptor);
      await anyhow(visit(world, plug)).catch(tell);
      plug.close();
    }
  };
  const strays = async () => {
    while (!isOver()) await stray(world);
  };
  let isDone = false;
  const accepting = async () => {
    for (; !isDone; await turn()) while (accept());
  };
  const passing = setInterval(() => endpoint.pass(PASS.ms), PASS.everyMs);
  const backends = accepting();
  await Promise.all([strays().catch(tell), ...Array.from({ length: AT_ONCE }, travel)]);
  const isEmpty = () => endpoint.connections === 0 && endpoint.load === 0 && served.size === 0;
  await eventually("the end of them all", isEmpty).catch(tell);
  clearInterval(passing);
  isDone = true;
  await backends;
  sockets.close(backend);
  assert.deepEqual(wrong, []);
  assert.deepEqual(endpoint.log.filter((line) => line.includes("a defect")), []);
  return counts;
}

for (const [who, workers] of [["the main thread carries", 0], ["workers carry", 2]] as const) {
  testLoop(
    `no byte of tunnels that ${who} reaches another, and none of them leaves anything`,
    async (libc, t) => {
      let counts: World["counts"];
      await withRandom(t, async (random) => void (counts = await fuzz(libc, random, workers)));
      const { tunnels, bytes, resets, halves } = counts!;
      const figures = `${tunnels} tunnels, ${(bytes / 2 ** 20).toFixed()} MiB, ` +
        `${resets} resets, ${halves} half-closes`;
      await t.step(figures, () => assert.ok(tunnels > 50 && resets > 20 && halves > 20));
    },
  );
}

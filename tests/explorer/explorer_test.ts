/**
 * Every order of events up to a depth, and random walks beyond it, against what must hold whatever happens: at most one Close and nothing
 * after it, nothing behind an end of stream, every byte passed on in its order or a code that says otherwise, both sides closed in
 * time, nothing owned at the end.
 */
import assert from "node:assert/strict";
import { type Random, withRandom } from "../support/random.ts";
import { type Event, EVENTS, World, type WorldOptions } from "./world.ts";

/** A closing handshake, and lingers on both sides. */
const LONGEST_END_MS = 48_000;

function playAll(options: WorldOptions, events: readonly Event[]): World {
  const world = new World(options);
  for (const event of events) world.play(event);
  return world;
}

/** Plays a whole order and says what was wrong with it. */
function check(options: WorldOptions, events: readonly Event[]): void {
  naming(options, events, () => checkEnd(playAll(options, events)));
}

/** Does what an order is for; whatever is thrown says which it was. */
function naming<T>(options: WorldOptions, events: readonly Event[], act: () => T): T {
  try {
    return act();
  } catch (error) {
    const order = events.map((event) => `"${event}"`).join(", ");
    throw new Error(`${JSON.stringify(options)}: ${order}`, { cause: error });
  }
}

function checkEnd(world: World): void {
  const endingMs = world.finish();
  const { tunnel, up, down, upGiven, downGiven } = world;
  const end = tunnel.over;
  assert.ok(end !== null && tunnel.released, "it is over, and both sides are closed");
  assert.ok(world.client.isClosed && world.backend.isClosed, "in truth");
  assert.ok(endingMs <= LONGEST_END_MS, `in time: ${endingMs} ms`);
  assert.deepEqual([world.overs, world.releases], [1, 1], "which is told once");
  assert.ok(world.nothingOwned, "nothing is held");
  assert.ok(upGiven.startsWith(up), "the backend gets what the client sent, in its order");
  assert.ok(downGiven.startsWith(down.text), "and the client what the backend sent");
  if (end.cause === "client-close") {
    assert.equal(up, upGiven, "a Close means that all was passed on");
  }
  if (end.cause === "backend-end" && world.takes("client")) {
    assert.equal(down.text, downGiven, "an end means that all was passed on");
  }
  if (end.cause === "client-lost" && world.takes("backend")) assert.equal(up, upGiven);
  if (end.cause === "shutdown" && world.takes("backend")) {
    assert.ok(up.startsWith(world.upGivenAtAsk!), "what had come was passed on");
  }
  for (const code of down.closes) assert.equal(code, end.code, "the client is told the code");
  const canBeTold = end.code !== 1006 && world.takes("client");
  assert.equal(down.closes.length, canBeTold ? 1 : down.closes.length, "a Close is never left out");
}

/** Plays every order of `depth` events; gives how many there were. */
function explore(options: WorldOptions, depth: number): number {
  let count = 0;
  const order: Event[] = [];
  const step = () => {
    if (order.length === depth) {
      count++;
      return check(options, order);
    }
    const world = naming(options, order, () => playAll(options, order));
    if (world.tunnel.released) {
      count++;
      return check(options, order);
    }
    for (const event of EVENTS.filter((event) => world.can(event))) {
      order.push(event);
      step();
      order.pop();
    }
  };
  step();
  return count;
}

function walk(options: WorldOptions, random: Random, steps: number): void {
  const world = new World(options);
  const order: Event[] = [];
  for (let i = 0; i < steps && !world.tunnel.released; i++) {
    // Time passes seldom: most walks would end before anything happens.
    const events = EVENTS.filter((event) => world.can(event));
    let event = random.pick(events);
    const rare = event === "time" || event === "shutdown" || !/data|room|full/.test(event);
    if (rare && !random.oneIn(6)) {
      event = random.pick(events.filter((event) => /data|room|full/.test(event))) ?? event;
    }
    order.push(event);
    naming(options, order, () => world.play(event));
  }
  check(options, order);
}

const PLAIN = { role: "server", encoding: "binary", tcpFinPropagate: false } as const;

const CASES: readonly WorldOptions[] = (["sync", "async"] as const).flatMap((style) =>
  [
    { role: "server", encoding: "binary", tcpFinPropagate: false, style },
    { role: "server", encoding: "binary", tcpFinPropagate: true, style },
    { role: "server", encoding: "text", tcpFinPropagate: false, style },
    { role: "server", encoding: "base64", tcpFinPropagate: false, style },
    { role: "client", encoding: "binary", tcpFinPropagate: true, style },
    { ...PLAIN, style, idleTimeoutMs: 10_000 },
    { ...PLAIN, tcpFinPropagate: true, style, idleTimeoutMs: 10_000, maxLifetimeMs: 20_000 },
  ] as const
);

const DEPTH = 5;

for (const options of CASES) {
  const { role, encoding, tcpFinPropagate, style, idleTimeoutMs, maxLifetimeMs } = options;
  const name = [
    `${role}, ${encoding}`,
    ...(tcpFinPropagate ? ["tcp-fin-propagate"] : []),
    ...(idleTimeoutMs ? ["tunnel-idle-timeout"] : []),
    ...(maxLifetimeMs ? ["max-lifetime"] : []),
    style,
  ].join(", ");
  Deno.test(`every order of ${DEPTH} events keeps what must hold: ${name}`, () => {
    assert.ok(explore(options, DEPTH) > 10_000, "orders were played");
  });
  Deno.test(`random walks of 60 events keep what must hold: ${name}`, async (t) => {
    await withRandom(t, (random) => {
      for (let i = 0; i < 2_000; i++) walk(options, random, 60);
    });
  });
}

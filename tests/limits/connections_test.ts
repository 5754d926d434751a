import assert from "node:assert/strict";
import { boundsOf, type ConnectionBounds, UNBOUNDED } from "../../lib/limits/bounds.ts";
import { type Client, Connections, type Limit, type Pass } from "../../lib/limits/connections.ts";
import { withRandom } from "../support/random.ts";

const NO_BOUNDS: ConnectionBounds = {
  maxConnections: 0,
  maxPending: 0,
  client: UNBOUNDED,
  local: UNBOUNDED,
};

/** Connections whose clock stands, each of which is closed where it has to go. */
function world() {
  const dropped: [name: string, limit: Limit][] = [];
  let nowMs = 0;
  const connections = new Connections(() => nowMs, (name, limit) => dropped.push([name, limit]));
  const enter = (
    network: string,
    bounds: Partial<ConnectionBounds>,
    own: Partial<Client["bounds"]> = {},
    name = network,
  ) => {
    const client = { network, name, bounds: { ...UNBOUNDED, ...own } };
    const pass = connections.enter(client, { ...NO_BOUNDS, ...bounds });
    if (typeof pass !== "string") pass.holder = { drop: () => pass.release() };
    return pass;
  };
  const entered = (...args: Parameters<typeof enter>): Pass => {
    const pass = enter(...args);
    assert.ok(typeof pass !== "string", `refused: ${pass}`);
    return pass;
  };
  const pass = (ms: number) => void (nowMs += ms);
  return { connections, dropped, enter, entered, pass };
}

function counts({ open, pending, clients }: Connections): number[] {
  return [open, pending, clients];
}

Deno.test("`Connections` counts each until it is released, however often that is, and then knows its client no more", () => {
  const { connections, entered } = world();
  const passes = [entered("a", {}), entered("a", {}), entered("b", {})];
  assert.deepEqual(counts(connections), [3, 3, 2]);
  passes[0]!.letIn();
  passes[0]!.letIn();
  assert.deepEqual(counts(connections), [3, 2, 2]);
  for (const pass of [...passes, ...passes]) pass.release();
  passes[0]!.letIn();
  assert.equal(passes[1]!.become({ network: "c", name: "c", bounds: UNBOUNDED }), null);
  assert.deepEqual(counts(connections), [0, 0, 0]);
});

Deno.test("`Connections` refuses a newcomer only where all who are there were let in", () => {
  const { connections, dropped, enter, entered } = world();
  const bounds = { maxConnections: 3 };
  const first = entered("a", bounds);
  first.letIn();
  entered("b", bounds, {}, "b1");
  entered("b", bounds, {}, "b2");
  entered("c", bounds).letIn();
  assert.deepEqual(dropped, [["b1", "max-connections"]]);
  entered("d", bounds).letIn();
  assert.deepEqual(dropped.slice(1), [["b2", "max-connections"]]);
  assert.equal(enter("e", bounds), "max-connections");
  assert.deepEqual(counts(connections), [3, 0, 3]);
  first.release();
  entered("e", bounds);
  assert.deepEqual(counts(connections), [3, 1, 3]);
});

Deno.test("`Connections` lets the oldest of the client go that has the most pending, and of equals the oldest of them", () => {
  const { dropped, entered } = world();
  const bounds = { maxPending: 4 };
  for (const name of ["a1", "b1", "a2", "c1"]) entered(name[0]!, bounds, {}, name);
  entered("d", bounds, {}, "d1");
  assert.deepEqual(dropped, [["a1", "max-pending"]]);
  // Now each has one: a's other one is not the oldest, though a came first.
  entered("e", bounds, {}, "e1");
  assert.deepEqual(dropped[1], ["b1", "max-pending"]);
});

Deno.test("`Connections` drops or refuses for a client's own bounds none but its own", () => {
  const { dropped, enter, entered } = world();
  entered("b", {}, {}, "b1");
  const own = { maxConnections: 2 };
  entered("a", {}, own, "a1").letIn();
  entered("a", {}, own, "a2");
  entered("a", {}, own, "a3").letIn();
  assert.deepEqual(dropped, [["a2", "max-connections-per-client"]]);
  assert.equal(enter("a", {}, own), "max-connections-per-client");
  entered("c", {}, { maxPending: 1 }, "c1");
  entered("c", {}, { maxPending: 1 }, "c2");
  assert.deepEqual(dropped[1], ["c1", "max-pending"]);
  assert.equal(dropped.length, 2);
});

Deno.test("`Connections` lets a client have so many new ones a second, and five seconds' worth at once", () => {
  const { enter, pass } = world();
  const own = { perSecond: 2 };
  const results = Array.from({ length: 12 }, () => enter("a", {}, own));
  assert.deepEqual(results.slice(10), ["connection-rate", "connection-rate"]);
  assert.ok(results.slice(0, 10).every((result) => typeof result !== "string"));
  assert.notEqual(enter("b", {}, own), "connection-rate");
  pass(499);
  assert.equal(enter("a", {}, own), "connection-rate");
  pass(1);
  assert.notEqual(enter("a", {}, own), "connection-rate");
  assert.equal(enter("a", {}, own), "connection-rate");
  pass(60_000);
  const later = Array.from({ length: 11 }, () => enter("a", {}, own));
  assert.equal(later.filter((result) => result === "connection-rate").length, 1);
});

Deno.test("`Connections` counts one for another client once it is that one's, pending or let in", () => {
  const { connections, dropped, entered } = world();
  const proxied = (network: string, maxConnections = 0): Client => ({
    network,
    name: network,
    bounds: { ...UNBOUNDED, maxConnections },
  });
  const passes = [entered("proxy", {}), entered("proxy", {}), entered("proxy", {})];
  passes[0]!.letIn();
  assert.equal(passes[0]!.become(proxied("a")), null);
  assert.equal(passes[1]!.become(proxied("a")), null);
  assert.equal(passes[1]!.become(proxied("a", 1)), null, "it is that one's already");
  assert.deepEqual([connections.of("proxy"), connections.of("a")], [1, 2]);
  assert.deepEqual(counts(connections), [3, 2, 2]);
  // Of a's two the pending one has to go, and then there is none that may.
  assert.equal(passes[2]!.become(proxied("a", 2)), null);
  assert.deepEqual(dropped, [["a", "max-connections-per-client"]]);
  passes[2]!.letIn();
  const next = entered("proxy", {});
  assert.equal(next.become(proxied("a", 2)), "max-connections-per-client");
  assert.deepEqual([connections.of("proxy"), connections.of("a")], [1, 2]);
  for (const pass of [...passes, next]) pass.release();
  assert.deepEqual(counts(connections), [0, 0, 0]);
});

Deno.test("`Connections` answers few of those that it refuses, and the rest not at all", () => {
  const { connections } = world();
  const passes = Array.from({ length: 16 }, () => connections.turnAway());
  assert.equal(connections.turnAway(), null);
  passes[0]!.release();
  passes[0]!.release();
  assert.notEqual(connections.turnAway(), null);
  assert.equal(connections.turnAway(), null);
  assert.deepEqual(counts(connections), [0, 0, 0]);
});

Deno.test("`Connections` lets one go that was refused after it had been let in", () => {
  const { connections, dropped, enter, entered } = world();
  const bounds = { maxConnections: 1 };
  const first = entered("a", bounds, {}, "a1");
  first.letIn();
  assert.equal(enter("b", bounds), "max-connections");
  first.turnedDown("a1", { drop: () => first.release() });
  first.turnedDown("a1", { drop: () => assert.fail("it is pending already") });
  assert.deepEqual(counts(connections), [1, 1, 1]);
  entered("b", bounds);
  assert.deepEqual(dropped, [], "it had its answer");
  first.turnedDown("a1", { drop: () => assert.fail("it is over") });
  assert.deepEqual(counts(connections), [1, 1, 1]);
});

Deno.test("`Connections` has a few more for a moment, the newest, and tells of those that had no answer", () => {
  const { connections, dropped } = world();
  const extras = Array.from({ length: 20 }, (_, at) => {
    const pass = connections.extra(`${at}`)!;
    pass.holder = { drop: () => pass.release() };
    if (at === 1) pass.turnedDown("1", pass.holder);
    return pass;
  });
  assert.equal(extras[0]!.limit, "max-connections");
  assert.deepEqual(dropped.map(([name]) => name), ["0", "2", "3"]);
  for (const pass of extras) pass.release();
  for (let i = 0; i < 16; i++) assert.notEqual(connections.extra("x"), null);
  assert.equal(connections.extra("y"), null, "nobody has the oldest who could end it");
  assert.deepEqual(counts(connections), [0, 0, 0]);
});

Deno.test("`Connections` keeps its counts, whatever comes and goes in whichever order, as the bounds change", (t) =>
  withRandom(t, ({ below, oneIn, pick }) => {
    for (let round = 0; round < 200; round++) {
      const { connections, enter, pass } = world();
      const there = new Set<Pass>();
      const holderOf = (pass: Pass) => ({
        drop() {
          pass.release();
          there.delete(pass);
        },
      });
      for (let step = 0; step < 200; step++) {
        pass(below(100));
        const name = pick(["a", "b", "c", "d"]);
        const own = { maxConnections: below(6), maxPending: below(4), perSecond: below(30) };
        if (oneIn(2)) {
          const maxConnections = below(12);
          const result = enter(name, { maxConnections, maxPending: below(8) }, own);
          if (typeof result === "string") continue;
          assert.ok(maxConnections === 0 || connections.open <= Math.max(12, maxConnections));
          result.holder = holderOf(result);
          there.add(result);
        } else {
          const any = pick([...there]);
          if (any === undefined) continue;
          const what = below(4);
          if (what === 0) any.letIn();
          else if (what === 3) any.turnedDown(name, any.holder ?? holderOf(any));
          else if (what === 1) {
            any.become({ network: name, name, bounds: { ...UNBOUNDED, ...own } });
          } else {
            any.release();
            there.delete(any);
          }
        }
        assert.equal(connections.open, there.size);
        assert.ok(connections.pending <= connections.open && connections.pending >= 0);
        const sum = ["a", "b", "c", "d"].reduce((all, one) => all + connections.of(one), 0);
        assert.equal(sum, there.size);
      }
      for (const pass of there) pass.release();
      assert.deepEqual(counts(connections), [0, 0, 0]);
    }
  }));

Deno.test("`boundsOf()` follows the room that there is, unless the configuration says otherwise", () => {
  const unsaid = {
    maxConnections: null,
    maxConnectionsPerClient: null,
    maxPending: null,
    connectionRate: 0,
  };
  const brief = ({ maxConnections, maxPending, client, local }: ConnectionBounds) => [
    ...[maxConnections, maxPending],
    ...[client.maxConnections, client.maxPending, local.maxConnections, local.maxPending],
  ];
  assert.deepEqual(brief(boundsOf(unsaid, 448)), [448, 112, 224, 56, 0, 0]);
  assert.deepEqual(brief(boundsOf(unsaid, 500_000)), [500_000, 1024, 250_000, 512, 0, 0]);
  assert.deepEqual(brief(boundsOf(unsaid, null)), [0, 1024, 0, 512, 0, 0]);
  const said = { maxConnections: 10, maxConnectionsPerClient: 3, maxPending: 4, connectionRate: 2 };
  assert.deepEqual(brief(boundsOf(said, 448)), [10, 4, 3, 2, 3, 0]);
  const none = { maxConnections: 0, maxConnectionsPerClient: 0, maxPending: 0, connectionRate: 0 };
  assert.deepEqual(brief(boundsOf(none, 448)), [0, 0, 0, 0, 0, 0]);
  assert.deepEqual(boundsOf(said, 448).local.perSecond, 2);
});

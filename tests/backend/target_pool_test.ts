import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import type { Target } from "../../lib/backend/backend.ts";
import { createHosts } from "../../lib/backend/hosts.ts";
import { createPool } from "../../lib/backend/pool.ts";
import type { RouteConfig } from "../../lib/config/config.ts";
import { ANY_HOST } from "../../lib/config/host_keys.ts";
import { decode } from "../../lib/config/key.ts";
import { TARGETS } from "../../lib/config/target_keys.ts";
import { freePort } from "../support/backends.ts";
import { end, failed, keptLog, leased, listen, request, route } from "./setting.ts";

/** A route whose requests bring their targets, alone with its state. */
function targetRoute(change: Partial<ReturnType<typeof hostOf>> = {}): RouteConfig {
  const targets = { ...decode(TARGETS, { file: "/t" }), host: { ...hostOf(), ...change } };
  return { ...route(), targets };
}

function hostOf() {
  return { ...decode(ANY_HOST, {}), disableTimeMs: 0 };
}

function poolOf(config: RouteConfig) {
  const { events, lines } = keptLog();
  const hosts = createHosts(events);
  const pool = createPool(config, hosts, events.emit);
  hosts.adopt(pool, new Map([[config.key, pool]]));
  const connect = (address: Address, found?: readonly string[]) => {
    const target: Target = found === undefined ? { address } : { address, found };
    return pool.connect(request({ target }));
  };
  const said = (message: string) => lines.filter((line) => line.message === message);
  return { hosts, pool, connect, said, states: pool.state.targets };
}

/** The addresses of this machine's loopback network that a listener on all interfaces has, each another target. */
function loopbacks(count: number, port: number): Address[] {
  return Array.from({ length: count }, (_, at) => ({
    transport: "tcp",
    hostname: `127.1.${at >> 8}.${at & 255}`,
    port,
  }));
}

Deno.test("of 2,000 targets each is known while it has tunnels, and none once they have ended; a report has 100", async () => {
  const backend = listen({ transport: "tcp", hostname: "0.0.0.0", port: 0 });
  const { pool, connect, states } = poolOf(targetRoute());
  assert(backend.address.transport === "tcp");
  const addresses = loopbacks(2000, backend.address.port);
  const leases = [];
  for (const address of addresses) leases.push(leased(await connect(address)));
  const twice = leased(await connect(addresses[1500]!));
  assert.equal(states.size, 2000);
  const rows = pool.report();
  assert.equal(rows.length, 100);
  const { hostname } = addresses[1500] as { hostname: string };
  assert.deepEqual([rows[0]!.load, rows[0]!.backend], [2, `${hostname}:${backend.address.port}`]);
  leases.forEach(end);
  assert.equal(states.size, 1);
  end(twice);
  assert.equal(states.size, 0);
  assert.deepEqual(pool.report(), []);
  backend.close();
});

Deno.test("of targets that fail no more than 1,000 are remembered, and each is told of once as long as it is", async () => {
  const { connect, said, states, pool } = poolOf(targetRoute());
  const [first, ...others] = loopbacks(1500, freePort());
  for (let i = 0; i < 3; i++) failed(await connect(first!));
  assert.equal(said("target is down").length, 1);
  for (const address of others) failed(await connect(address));
  assert.equal(states.size, 1000);
  assert.deepEqual(pool.report(), [], "nobody uses one");
  // A burst of lines; the rest are summed up.
  assert(said("target is down").length >= 100);
  // The first is forgotten, and told of as if it had never been.
  const before = states.size;
  failed(await connect(first!));
  assert.equal(states.size, before);
});

Deno.test("a target that has failed is left alone for disable-time, and told of when it is back", async () => {
  const port = freePort();
  const { connect, said } = poolOf(targetRoute({ disableTimeMs: 2_000 }));
  const address: Address = { transport: "tcp", hostname: "127.0.0.1", port };
  assert.match(failed(await connect(address)).reason, /^127\.0\.0\.1:\d+: .*refused/);
  const backend = listen(address);
  assert.match(failed(await connect(address)).reason, /refused/, "it is still left alone");
  assert.equal(backend.taken, 0);
  let lease = await connect(address);
  while (!lease.ok) {
    await new Promise((done) => setTimeout(done, 20));
    lease = await connect(address);
  }
  assert.equal(said("target is down").length, 1);
  assert.equal(said("target is up again").length, 1);
  end(lease.lease);
  backend.close();
});

Deno.test("a name is connected at the addresses that were found, and looked up no more", async () => {
  const backend = listen();
  assert(backend.address.transport === "tcp");
  const { connect } = poolOf(targetRoute());
  // A name that nobody knows, which would fail if it were asked for.
  const address: Address = { ...backend.address, hostname: "nobody.invalid" };
  const lease = leased(await connect(address, ["127.0.0.1"]));
  assert.equal(lease.backend, `nobody.invalid:${backend.address.port}`);
  end(lease);
  assert.match(failed(await connect({ ...address, port: 9 })).reason, /^nobody\.invalid:9: /);
  backend.close();
});

Deno.test("max-load bounds the tunnels of each target", async () => {
  const [one, two] = [listen(), listen()];
  const { connect } = poolOf(targetRoute({ maxLoad: 1 }));
  const lease = leased(await connect(one.address));
  assert.equal(failed(await connect(one.address)).kind, "full");
  end(leased(await connect(two.address)));
  end(lease);
  end(leased(await connect(one.address)));
  one.close();
  two.close();
});

Deno.test("a route with targets that is configured no more is in the report as long as they have tunnels", async () => {
  const backend = listen();
  const { hosts, pool, connect } = poolOf(targetRoute());
  const lease = leased(await connect(backend.address));
  const other = {};
  hosts.adopt(other, new Map());
  hosts.release(pool);
  assert.deepEqual(
    hosts.draining().map(({ route, state, load }) => ({ route, state, load })),
    [{ route: "/test", state: "draining", load: 1 }],
  );
  end(lease);
  assert.deepEqual(hosts.draining(), []);
  backend.close();
});

Deno.test("a route that keeps its key keeps what is known of its targets", async () => {
  const backend = listen();
  const { hosts, pool, connect } = poolOf(targetRoute());
  const lease = leased(await connect(backend.address));
  const next = createPool(targetRoute(), hosts, () => {});
  hosts.adopt(next, new Map([["/test", next]]));
  hosts.release(pool);
  assert.deepEqual(hosts.draining(), []);
  assert.equal(next.report()[0]!.load, 1);
  end(lease);
  assert.deepEqual(next.report(), []);
  backend.close();
});

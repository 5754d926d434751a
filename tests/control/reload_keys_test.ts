/** Every key of the configuration, the ones to come included: a reload tells of it, and takes it or says that it takes a restart. */
import assert from "node:assert/strict";
import { toConfig } from "../../lib/config/effective.ts";
import { HOST } from "../../lib/config/host_keys.ts";
import type { Key, Keys } from "../../lib/config/key.ts";
import { FOR_ALL, ROUTE, ROUTE_ONLY, WSTUNNEL } from "../../lib/config/keys.ts";
import { LISTENER } from "../../lib/config/listener.ts";
import { createHosts } from "../../lib/backend/hosts.ts";
import { createAdmin } from "../../lib/control/admin/admin.ts";
import { difference } from "../../lib/control/difference.ts";
import { createGenerations } from "../../lib/control/generation.ts";
import { AT_THE_START, untilRestart } from "../../lib/control/restart.ts";
import { createLastCall } from "../../lib/control/last_call.ts";
import { createServer } from "../../lib/control/server.ts";
import { createEvents } from "../../lib/events/events.ts";
import type { Config } from "../../lib/config/config.ts";
import { TOP } from "../../lib/config/top_keys.ts";

/** Another value than the one that holds where nothing is said, where the table of keys has no example of one. */
const OTHERS: Readonly<Record<string, unknown>> = {
  "listen": "127.0.0.1:1",
  "engine": "native",
  "log-format": "json",
  "grace-time": 1,
  "exit-idle-time": 600,
  "exit-after-time": 600,
  "exit-after-tunnels": 600,
  "handshake-timeout": 1,
  "connection-rate": 1,
  "max-head": "32KiB",
  "trusted-proxies": ["unix"],
  "forwarded-header": "forwarded",
  "health-path": "/well",
  "web": "/srv",
  "balance": "hash",
  "debug": 4,
  "map-extensions": { ".a": "/a" },
  "frame-type": "binary",
  "origins": ["a.example"],
  "auth": { token: "/tokens" },
  "allow-clients": ["unix"],
  "deny-clients": ["unix"],
  "ping-interval": 1,
  "max-tunnels": 1,
  "tunnel-idle-timeout": 1,
  "max-lifetime": 1,
  "max-buffer": "1MiB",
  "buffer-size": "512KiB",
  "host": "::1",
  "min-procs": 2,
  "max-procs": 2,
  "max-procs-per-client": 2,
  "max-load-per-proc": 2,
  "idle-timeout": 1,
  "disable-time": 2,
  "listen-backlog": 2,
  "kill-signal": "SIGINT",
  "on-exit": "ignore",
  "max-load": 1,
  "connect-timeout": 1,
  "read-timeout": 1,
  "write-timeout": 1,
  "tcp-fin-propagate": true,
  "socket-handover": "stdin",
  "address": "unix:/other",
  "mode": "600",
};

function otherOf({ name, example, kind }: Key): unknown {
  const other = OTHERS[name] ?? example;
  assert.notEqual(other, undefined, `give another value of ${name} here`);
  assert.deepEqual(kind.check(other), [], name);
  return other;
}

/** A configuration with a value in each kind of table. */
function configOf(at: {
  readonly top?: object;
  readonly wstunnel?: object;
  readonly route?: object;
  readonly host?: object;
} = {}): Config {
  const host = { port: 1, ...at.host };
  const server = { "/a": at.route ?? [host] };
  return toConfig({ listen: "unix:/s", ...at.top, wstunnel: { ...at.wstunnel, server } });
}

/** The places of a key, which is set there in the second configuration. */
function* changesOf(): Generator<readonly [Key, Config, Config]> {
  const set = (key: Key) => ({ [key.name]: otherOf(key) });
  for (const key of Object.values<Key>(TOP)) yield [key, configOf(), configOf({ top: set(key) })];
  for (const key of Object.values<Key>(WSTUNNEL)) {
    yield [key, configOf(), configOf({ wstunnel: set(key) })];
  }
  for (const key of Object.values<Key>(ROUTE)) {
    const route = { hosts: [{ port: 1 }] };
    yield [key, configOf({ route }), configOf({ route: { ...route, ...set(key) } })];
  }
  for (const key of Object.values<Key>(ROUTE_ONLY)) {
    yield [key, configOf(), configOf({ route: set(key) })];
  }
  for (const key of Object.values<Key>(HOST)) {
    const beside = key.of === "target" || key.of === "host"
      ? {}
      : key.of === "exec"
      ? { exec: "p" }
      : { "bin-path": "p" };
    yield [key, configOf({ host: beside }), configOf({ host: { ...beside, ...set(key) } })];
  }
  for (const key of Object.values<Key>(LISTENER)) {
    const address = "unix:/s";
    yield [
      key,
      configOf({ top: { listen: { address } } }),
      configOf({ top: { listen: { address, ...set(key) } } }),
    ];
  }
}

/** What these are they are told as, in place of the key. */
const TOLD_AS: Readonly<Record<string, string>> = { host: "host ", port: "host ", socket: "host " };

Deno.test("a reload tells of every key that has changed, by its name", () => {
  let count = 0;
  for (const [key, before, after] of changesOf()) {
    const words = difference(before, after).join("; ");
    const name = TOLD_AS[key.name] ?? (key === LISTENER.address ? "listen" : key.name);
    assert.ok(words.includes(name), `${key.name}: ${words}`);
    assert.deepEqual(difference(after, after), [], key.name);
    count++;
  }
  assert.ok(count > 70, `${count}`);
});

Deno.test("what a reload can't change is told to take a restart, and nothing else is", () => {
  const told = [...changesOf()].flatMap(([{ name }, before, after]) =>
    untilRestart(before, after).waits.map((words) => [name, words])
  );
  assert.deepEqual(told, [
    ["workers", "~ workers unset -> 2: takes a restart"],
    ["buffer-size", "~ buffer-size 256KiB -> 512KiB: takes a restart"],
  ]);
});

/** What the log is made of. */
const OF_THE_LOG = ["log-format", "debug", "log-file", "access-log"];

Deno.test("every key for all is read by a part that a reload changes, or takes a restart", async () => {
  const base = toConfig({
    listen: "127.0.0.1:0",
    wstunnel: { server: { "/a": [{ port: 1 }] } },
  });
  const events = createEvents([]);
  const server = createServer(base, events);
  const config = () => base;
  const reload = () => Promise.resolve({ changes: [] });
  const admin = createAdmin({ server, config, reload, events });
  const read = new Set<PropertyKey>();
  const next = new Proxy(base, {
    get(target, name) {
      read.add(name);
      return Reflect.get(target, name);
    },
  });
  const lastCall = createLastCall({ config: base, idleForMs: () => server.idleForMs });
  for (const part of [...server.parts, admin, lastCall]) {
    const ready = await part.prepare(next);
    assert.ok(!("problem" in ready));
    ready.commit();
  }
  assert.ok(server.listeners.length > 0);
  await server.drain(() => Promise.resolve());
  await server.close();
  await admin.close();
  events.close();
  const unread = Object.entries<Key>({ ...TOP, ...FOR_ALL } as Keys)
    .filter(([inner, { name }]) => !read.has(inner) && !OF_THE_LOG.includes(name))
    .map(([inner]) => inner);
  const atTheStart: readonly string[] = AT_THE_START;
  assert.deepEqual(unread.filter((inner) => !atTheStart.includes(inner)), []);
});

Deno.test("what stands in a route and its hosts holds from the next generation on, all of it", async () => {
  const events = createEvents([]);
  const hosts = createHosts(events);
  const generations = createGenerations(configOf(), hosts, events.emit);
  for (const [{ name }, , after] of changesOf()) {
    // Their files are none.
    if (name === "auth" || name === "targets") continue;
    const [route] = after.routes;
    generations.prepare(after).commit();
    const { pools, tunnelLimits } = generations.current;
    assert.equal(tunnelLimits.get("/a"), route, name);
    assert.deepEqual(pools.get("/a")!.hosts.map(({ config }) => config), route!.hosts, name);
  }
  generations.close();
  await hosts.stop();
});

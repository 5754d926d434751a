import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { serves, world } from "./hosts_world.ts";
import { end, execTarget, failed, hostConfig, listen, request, route, until } from "./setting.ts";

Deno.test("`Hosts` keeps an address with its load; a tunnel keeps the setting that it began with", async () => {
  const backend = listen();
  const host = hostConfig(backend.address, { readTimeoutMs: 1000 });
  await using hosts = world([route(host)]);
  const old = await hosts.connect();
  await hosts.swap({ ...route({ ...host, readTimeoutMs: 2000 }), balance: "sticky" });
  const young = await hosts.connect();
  assert.deepEqual(hosts.report().map(({ load }) => load), [2]);
  assert.deepEqual([old.host.readTimeoutMs, young.host.readTimeoutMs], [1000, 2000]);
  await serves(old);
  [old, young].forEach(end);
  assert.deepEqual(hosts.report().map(({ load, tunnelsServed }) => [load, tunnelsServed]), [[
    0,
    2,
  ]]);
  backend.close();
});

Deno.test("`Hosts` tries an address anew that is spoken to in another way, and keeps its load", async () => {
  const backend = listen();
  const host = hostConfig(backend.address, { disableTimeMs: 60_000 });
  await using hosts = world([route(host)]);
  const lease = await hosts.connect();
  const secret = hostConfig(backend.address, {
    tls: { ca: ["/nowhere"], serverName: null, cert: null, key: null },
  });
  await hosts.swap(route({ ...secret, disableTimeMs: 60_000 }));
  const { reason } = failed(await hosts.pool().connect(request()));
  assert.match(reason, /tls\.ca: "\/nowhere" cannot be read: there is no such file$/);
  await hosts.swap(route({ ...secret, disableTimeMs: 60_000 }));
  assert.deepEqual(hosts.report().map(({ state, load }) => [state, load]), [["disabled", 1]]);
  await hosts.swap(route(host));
  assert.deepEqual(hosts.report().map(({ state, load }) => [state, load]), [["up", 1]]);
  end(await hosts.connect());
  await serves(lease);
  end(lease);
  backend.close();
});

Deno.test("`Hosts` keeps what is known of an outage, which is told once", async () => {
  const down = hostConfig({ transport: "tcp", hostname: "127.0.0.1", port: freePort() }, {
    disableTimeMs: 60_000,
  });
  await using hosts = world([route(down)]);
  failed(await hosts.pool().connect(request()));
  const [before] = hosts.report();
  assert.equal(before!.state, "disabled");
  await hosts.swap(route({ ...down, connectTimeoutMs: 1 }));
  assert.deepEqual(hosts.report().map(({ state, failures }) => [state, failures]), [[
    "disabled",
    1,
  ]]);
  failed(await hosts.pool().connect(request()));
  assert.equal(hosts.report()[0]!.failures, 1, "nobody asked it");
  assert.equal(hosts.said("every backend of the route is down").length, 1);
  const backend = listen();
  await hosts.swap(route(down, hostConfig(backend.address)));
  end(await hosts.connect());
  assert.equal(hosts.said("route has a backend again").length, 1);
  backend.close();
});

Deno.test("`Hosts` lets a host go with its last tunnel, and knows it again before", async () => {
  const [one, other] = [listen(), listen()];
  await using hosts = world([route(hostConfig(one.address))]);
  const lease = await hosts.connect();
  await hosts.swap(route(hostConfig(other.address)));
  assert.deepEqual(hosts.draining().map(({ route, state, load }) => [route, state, load]), [
    ["/test", "draining", 1],
  ]);
  end(await hosts.connect());
  assert.equal(one.taken, 1);
  await hosts.swap(route(hostConfig(one.address)));
  assert.deepEqual(hosts.report().map(({ load }) => load), [1]);
  assert.deepEqual(hosts.draining(), []);
  await hosts.swap(route(hostConfig(other.address)));
  end(lease);
  assert.deepEqual(hosts.draining(), []);
  [one, other].forEach((backend) => backend.close());
});

Deno.test("`Hosts` counts the programs of `exec` under another limit; those of another command for themselves", async () => {
  const host = (command: string[], maxProcs: number) =>
    hostConfig(execTarget(command, { maxProcs }));
  await using hosts = world([route(host(["/bin/cat"], 2))]);
  const leases = [await hosts.connect(), await hosts.connect()];
  assert.equal(failed(await hosts.pool().connect(request())).kind, "full");
  await hosts.swap(route(host(["/bin/cat"], 3)));
  leases.push(await hosts.connect());
  await hosts.swap(route(host(["/bin/cat"], 1)));
  assert.equal(failed(await hosts.pool().connect(request())).kind, "full");
  assert.equal(hosts.report()[0]!.load, 3);
  await hosts.swap(route(host(["/bin/cat", "-u"], 1)));
  const young = await hosts.connect();
  assert.deepEqual(hosts.draining().map(({ state, load }) => [state, load]), [
    ["draining", 3],
    ["draining", 1],
    ["draining", 1],
    ["draining", 1],
  ]);
  for (const lease of [...leases, young]) await serves(lease);
  leases.forEach(end);
  await until("nothing is left of them", () => hosts.draining().length === 0);
  end(young);
});

import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { echo, pidsOf, programHost, serves, world } from "./hosts_world.ts";
import {
  end,
  failed,
  hostConfig,
  isRunning,
  listen,
  programConfig,
  request,
  route,
  until,
} from "./setting.ts";

Deno.test("`Hosts` keeps a program's process whatever changes but its command, and starts what is wanted besides", async () => {
  const { host, first } = programHost(echo("a"), { maxProcs: 2 });
  await using hosts = world([route(first)]);
  await hosts.started;
  const [pid] = pidsOf(hosts.report());
  const lease = await hosts.connect();
  const change = { minProcs: 2, maxProcs: 3, killSignal: "SIGINT", idleTimeoutMs: 100 } as const;
  await hosts.swap(route({ ...host(echo("a"), change), disableTimeMs: 7 }));
  const pids = pidsOf(hosts.report());
  assert.equal(pids.length, 2);
  assert.equal(pids[0], pid);
  await hosts.swap(route(host(echo("a"), { minProcs: 1, idleTimeoutMs: 50 })));
  await until("the surplus program has ended", () => pidsOf(hosts.report()).length === 1);
  assert.deepEqual(pidsOf(hosts.report()), [pid]);
  assert.ok(!isRunning(pids[1]!));
  await serves(lease);
  end(lease);
});

Deno.test("`Hosts` stops what is beyond a smaller max-procs with its last tunnel, and sends nobody there", async () => {
  const { host, first } = programHost(echo("a"), { minProcs: 3, maxProcs: 3 });
  await using hosts = world([route(first)]);
  await hosts.started;
  const pids = pidsOf(hosts.report());
  const leases = [await hosts.connect(), await hosts.connect(), await hosts.connect()];
  assert.equal(new Set(leases.map(({ backend }) => backend)).size, 3);
  await hosts.swap(route(host(echo("a"), { minProcs: 2, maxProcs: 2 })));
  leases.push(await hosts.connect(), await hosts.connect());
  const last = leases[2]!;
  assert.equal(leases.filter(({ backend }) => backend === last.backend).length, 1);
  await serves(last);
  assert.deepEqual(pids.map(isRunning), [true, true, true]);
  assert.deepEqual(hosts.report().map(({ state, pid }) => [state, pid]), [
    ["up", pids[0]],
    ["up", pids[1]],
    ["draining", pids[2]],
  ]);
  end(last);
  await until("it has ended", () => !isRunning(pids[2]!));
  await until("it is no row any more", () => hosts.report().length === 2);
  assert.deepEqual(pidsOf(hosts.report()), pids.slice(0, 2));
  for (const lease of leases.filter((lease) => lease !== last)) {
    await serves(lease);
    end(lease);
  }
});

Deno.test("`Hosts` replaces a program whose command has changed once its tunnels have ended, and refuses nobody", async () => {
  const { host, first } = programHost(echo("a"));
  await using hosts = world([route(first)]);
  await hosts.started;
  const [pid] = pidsOf(hosts.report());
  const lease = await hosts.connect();
  await hosts.swap(route(host(echo("b"))));
  const other = await hosts.connect();
  assert.deepEqual(pidsOf(hosts.report()), [pid], "only one can listen there");
  await serves(lease);
  end(lease);
  await serves(other);
  end(other);
  // It is being stopped now: this one waits for the program that takes its place.
  const young = await hosts.connect();
  await serves(young);
  assert.ok(!isRunning(pid!));
  assert.deepEqual(pidsOf(hosts.report()).map((pid) => nameOf(pid)), ["b"]);
  end(young);
});

Deno.test("`Hosts` sends new tunnels to a program with the new command where there is room for one beside the old", async () => {
  const { host, first } = programHost(echo("a"), { maxProcs: 2, idleTimeoutMs: 50 });
  await using hosts = world([route(first)]);
  await hosts.started;
  const [pid] = pidsOf(hosts.report());
  const lease = await hosts.connect();
  await hosts.swap(route(host(echo("b"))));
  const young = await hosts.connect();
  assert.notEqual(young.backend, lease.backend);
  assert.deepEqual(pidsOf(hosts.report()).map(nameOf), ["a", "b"]);
  await serves(lease);
  end(lease);
  await until("the old one has ended", () => !isRunning(pid!));
  await serves(young);
  end(young);
});

Deno.test("`Hosts` goes on with the old program where the new command fails beside it", async () => {
  const { host, first } = programHost(echo("a"), { maxProcs: 2 });
  await using hosts = world([route(first)]);
  await hosts.started;
  const lease = await hosts.connect();
  await hosts.swap(route(host(["/bin/false"])));
  const young = await hosts.connect();
  assert.equal(young.backend, lease.backend);
  await serves(young);
  [lease, young].forEach(end);
});

Deno.test("`Hosts` starts a program that was failing soon after its command has changed", async () => {
  const { host, first } = programHost(["/bin/false"]);
  await using hosts = world([route(first)]);
  await until("it fails again and again", () => hosts.report()[0]!.failures >= 5);
  await hosts.swap(route(host(echo("b"))));
  // By itself it would be started in 8 s.
  await until("the new one is up", () => hosts.report()[0]!.state === "up", 7_000);
});

Deno.test("`Hosts` stops the program of a host that is gone with its last tunnel, and starts it for those who wait for it", async () => {
  const { first } = programHost(echo("a", "after=300"), { minProcs: 0 });
  const backend = listen();
  await using hosts = world([route(first)]);
  const waiting = hosts.connect();
  await hosts.swap(route(hostConfig(backend.address)));
  const lease = await waiting;
  await serves(lease);
  const [row, ...others] = hosts.draining();
  assert.deepEqual([row!.state, row!.load, others], ["draining", 1, []]);
  assert.ok(isRunning(row!.pid!));
  end(lease);
  await until("it has ended", () => !isRunning(row!.pid!));
  await until("nothing is left", () => hosts.draining().length === 0);
  backend.close();
});

Deno.test("`Hosts` stops a program that nobody uses at once when its host is gone, also while it starts", async () => {
  const unused = programHost(echo("a"));
  const starting = programHost(echo("b", "after=500"));
  await using hosts = world([route(unused.first)]);
  await hosts.started;
  const [pid] = pidsOf(hosts.report());
  const backend = listen();
  const up = hosts.swap(route(starting.first));
  await until("the first has ended", () => !isRunning(pid!));
  await until("the second is starting", () => pidsOf(hosts.report()).length === 1);
  const [other] = pidsOf(hosts.report());
  await hosts.swap(route(hostConfig(backend.address)));
  await up;
  await until("it has ended as well", () => !isRunning(other!));
  await until("nothing is left", () => hosts.draining().length === 0);
  backend.close();
});

Deno.test("`Hosts` keeps the program of a host that is back before it has ended, and one that is just being stopped serves again", async () => {
  const { first } = programHost(echo("a"));
  const backend = listen();
  const other = route(hostConfig(backend.address));
  await using hosts = world([route(first)]);
  await hosts.started;
  const [pid] = pidsOf(hosts.report());
  const lease = await hosts.connect();
  await hosts.swap(other);
  await hosts.swap(route(first));
  end(lease);
  const again = await hosts.connect();
  assert.deepEqual(pidsOf(hosts.report()), [pid]);
  end(again);
  await Promise.all([hosts.swap(other), Promise.resolve().then(() => hosts.swap(route(first)))]);
  const last = await hosts.connect();
  await serves(last);
  assert.deepEqual(hosts.said("something listens already, no program is started"), []);
  end(last);
  backend.close();
});

Deno.test("`Hosts` has one program for two routes that name it, and keeps it for the one that stays", async () => {
  const { first } = programHost(echo("a"));
  const [one, two] = ["/one", "/two"].map((key) => ({ ...route(first), key }));
  await using hosts = world([one!, two!]);
  await hosts.started;
  const [pid, ...others] = new Set(pidsOf(hosts.report()));
  assert.deepEqual(others, []);
  const [left, kept] = [await hosts.connect("/one"), await hosts.connect("/two")];
  await hosts.swap(two!);
  await serves(left);
  assert.deepEqual(hosts.draining(), [], "it goes on");
  end(left);
  await serves(kept);
  await hosts.swap(two!);
  assert.deepEqual(pidsOf(hosts.report()), [pid]);
  end(kept);
});

Deno.test("`Hosts` sends nobody to the program of another host that had the address, and starts the new one when that has ended", async () => {
  const { host, first } = programHost(echo("a"));
  const [one, two] = [first, host(echo("b"))].map((host, at) => ({
    ...route(host),
    key: `/${at}`,
  }));
  await using hosts = world([one!]);
  await hosts.started;
  const lease = await hosts.connect("/0");
  await hosts.swap(two!);
  const failure = failed(await hosts.pool("/1").connect(request()));
  assert.match(failure.reason, /the program of another host listens at its address/);
  await serves(lease);
  end(lease);
  const young = await hosts.connect("/1");
  await serves(young);
  assert.deepEqual(pidsOf(hosts.report()).map(nameOf), ["b"]);
  end(young);
});

for (const order of ["one after the other", "the other way round"]) {
  Deno.test(`\`Hosts\` gives each address to the host that stands there, where their ports follow each other, ${order}`, async () => {
    const port = freePair();
    const [one, two] = ["a", "b"].map((name, at) => ({
      ...route(hostConfig({ transport: "tcp", hostname: "127.0.0.1", port: port + at }, {
        program: programConfig(echo(name), { maxProcs: 2 - at }),
      })),
      key: `/${name}`,
    }));
    await using hosts = world(order === "one after the other" ? [one!, two!] : [two!, one!]);
    await hosts.started;
    const leases = [];
    // More than one process is to have.
    for (const key of ["/a", "/a", "/a", "/b"]) leases.push(await hosts.connect(key));
    for (const lease of leases) await serves(lease);
    const backends = leases.map(({ backend }) => Number(backend.split(":")[1]) - port);
    assert.deepEqual(backends, [0, 0, 0, 1]);
    const names = hosts.report().map(({ route, pid }) => [route, nameOf(pid!)]).sort();
    assert.deepEqual(names, [["/a", "a"], ["/b", "b"]]);
    leases.forEach(end);
  });
}

Deno.test("`Hosts` lets a program go on whose address is now one to connect to, while that has tunnels there", async () => {
  const { target, first } = programHost(echo("a"));
  await using hosts = world([route(first)]);
  await hosts.started;
  const [pid] = pidsOf(hosts.report());
  const old = await hosts.connect();
  await hosts.swap(route(hostConfig(target)));
  const young = await hosts.connect();
  end(old);
  await serves(young);
  assert.ok(isRunning(pid!));
  end(young);
  await until("it has ended", () => !isRunning(pid!));
});

/** The first of two ports that nobody listens on, for now. */
function freePair(): number {
  for (;;) {
    const port = freePort();
    try {
      Deno.listen({ hostname: "127.0.0.1", port: port + 1 }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** What a program was told that it is called. */
function nameOf(pid: number): string {
  return /\0name=(\w+)\0/.exec(Deno.readTextFileSync(`/proc/${pid}/cmdline`))![1]!;
}

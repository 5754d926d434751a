import assert from "node:assert/strict";
import { echo, listenSilently, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf, isRunning, socketCount } from "../support/processes.ts";
import { Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import {
  allGoOn,
  configOf,
  type Layout,
  type RunningServer,
  startServer,
  swap,
  talk,
  type Talker,
  visit,
} from "./swap_rig.ts";

const PROGRAM = new URL("../backend/program.ts", import.meta.url).pathname;

/** A host whose program echoes at a socket of its own. */
function program(socket: string, name: string, ...lines: readonly string[]): string {
  const command = [Deno.execPath(), "run", "--quiet", "--no-lock", "-A", PROGRAM, `name=${name}`];
  return [
    `bin-path = ${JSON.stringify(command)}`,
    `socket = ${JSON.stringify(socket)}`,
    "max-procs = 1",
    ...lines,
  ].join("\n");
}

function at(address: string): string {
  const { hostname, port } = new URL(`tcp://${address}`);
  return `host = "${hostname}"\nport = ${port}`;
}

function exec(...command: readonly string[]): string {
  return `exec = ${JSON.stringify(command)}\nmax-procs = 200\nmax-procs-per-client = 0`;
}

/** The one process of a route's program. */
function pidOf(running: RunningServer, route: string): number | undefined {
  const [pid, ...others] = running.rows(route).flatMap(({ pid }) => pid ?? []);
  assert.deepEqual(others, []);
  return pid;
}

async function statusOf(address: string, path: string): Promise<number> {
  using client = await openRaw(address);
  await client.write(`GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`);
  return (await client.head()).status;
}

/** Goes on visiting what is never taken away, and counts. */
function visitAll(address: string, paths: readonly string[]) {
  let count = 0;
  let ending = false;
  const run = async (path: string) => {
    while (!ending) {
      await visit(address, path);
      count++;
    }
  };
  const running = Promise.all(paths.map(run));
  running.catch(() => {});
  return {
    get count() {
      return count;
    },
    async end() {
      ending = true;
      await running;
    },
  };
}

for (const engine of ["loop", "native"] as const) {
  Deno.test(`${engine}: 10 swaps under 200 open tunnels and new ones coming end none and refuse none; programs that stay keep their pid, those that go are stopped with their last tunnel`, async () => {
    const folder = Deno.makeTempDirSync();
    await using one = serveBackend(echo);
    await using two = serveBackend(echo);
    await using three = serveBackend(echo);
    const sockets = socketCount(Deno.pid);
    const children = new Set(childrenOf(Deno.pid));
    const kept = (...lines: string[]) => program(`${folder}/kept`, "kept", ...lines);
    const top = `engine = "${engine}"`;
    const first: Layout = {
      top,
      routes: {
        "/fixed": [at(one.address), at(two.address)],
        "/exec": [exec("/bin/cat")],
        "/kept": [kept()],
        "/going": [program(`${folder}/going`, "going")],
      },
    };
    const { "/going": _, ...staying } = first.routes;
    {
      await using running = await startServer(first);
      const { address, server } = running;
      const open = (path: string, count: number) =>
        Promise.all(Array.from({ length: count }, () => talk(address, path)));
      const going = await open("/going", 40);
      const onKept = await open("/kept", 50);
      const others = [...await open("/fixed", 70), ...await open("/exec", 40)];
      const talkers: Talker[] = [...going, ...onKept, ...others];
      // With `native` a client has its answer a moment before the server has the tunnel.
      await eventually("200 tunnels", () => server.registry.size === 200);
      const visitors = visitAll(address, ["/fixed", "/exec", "/kept"]);
      const [keptPid, goingPid] = [pidOf(running, "/kept"), pidOf(running, "/going")];
      const execPids = [...server.registry].flatMap(({ pid }) => pid ?? []);

      let swaps = 0;
      /** Swaps; every tunnel goes on, and new ones come, before it is done. */
      const swap = async (layout: Partial<Layout> & Pick<Layout, "routes">) => {
        running.swap({ top, ...layout });
        swaps++;
        const before = visitors.count;
        await allGoOn(talkers);
        await eventually("new ones", () => visitors.count >= before + 6);
      };

      // A host more, and the route of a program less: its tunnels go on.
      await swap({
        routes: { ...staying, "/fixed": [at(one.address), at(two.address), at(three.address)] },
      });
      assert.ok(three.count > 0, "the new one is asked");
      await assert.rejects(openTunnel(address, "/going"), /refused: 404/);
      assert.ok(isRunning(goingPid!));
      // A host less: nobody new comes to it.
      await swap({ routes: { ...staying, "/fixed": [at(two.address), at(three.address)] } });
      const taken = one.count;
      // Another program for each tunnel.
      await swap({
        routes: { ...staying, "/fixed": [at(two.address)], "/exec": [exec("/bin/cat", "-u")] },
      });
      assert.equal(one.count, taken);
      assert.deepEqual(execPids.filter((pid) => !isRunning(pid)), []);
      // Origins, and times.
      await swap({
        wstunnel: 'ping-interval = 1\norigins = ["good.example"]',
        routes: { ...staying, "/fixed": [`${at(two.address)}\nread-timeout = 30`] },
      });
      const evil = { Origin: "https://evil.example" };
      await assert.rejects(openTunnel(address, "/fixed", evil), /refused: 403/);
      await swap({
        routes: {
          ...staying,
          "/kept": [kept('kill-signal = "SIGINT"', "min-procs = 0", "idle-timeout = 1")],
        },
      });
      // The path of health, the way of choosing, and what there may be.
      await swap({
        top: `${top}\nhealth-path = "/well"\nhandshake-timeout = 5\ngrace-time = 3`,
        wstunnel: 'balance = "round-robin"',
        routes: staying,
      });
      assert.equal(await statusOf(address, "/well"), 200);
      // A program's command: it takes the place of the old one when that is idle.
      await swap({ routes: { ...staying, "/kept": [program(`${folder}/kept`, "other")] } });
      await swap({ routes: staying });
      // One whose program fails is of no harm to the others.
      await swap({ routes: { ...staying, "/broken": ['bin-path = "/bin/false"\nport = 1'] } });
      await swap({ routes: staying });
      assert.equal(swaps, 10);
      assert.ok(visitors.count >= 50, `${visitors.count} new ones`);

      await visitors.end();
      await eventually("the visitors' end", () => server.registry.size <= 200);
      assert.equal(server.registry.size, 200);
      assert.equal(pidOf(running, "/kept"), keptPid);
      assert.deepEqual(
        running.rows("/going").map(({ state, load, pid }) => [state, load, pid]),
        [["draining", 40, goingPid]],
      );
      const last = going.pop()!;
      await Promise.all(going.map((talker) => talker.end()));
      assert.ok(isRunning(goingPid!));
      await last.end();
      await eventually("the end of the program that went", () => !isRunning(goingPid!));
      await Promise.all([...onKept, ...others].map((talker) => talker.end()));
      await eventually("the end of every tunnel", () => server.registry.size === 0);
      await eventually("the end of every exec", () => execPids.every((pid) => !isRunning(pid)));
      assert.deepEqual(running.rows("/going"), []);
      assert.deepEqual(running.rows("/fixed").map(({ load }) => load), [0, 0]);
      assert.equal(pidOf(running, "/kept"), keptPid);
      const causes = new Set(running.said("tunnel closed").map(({ cause }) => cause));
      assert.deepEqual([...causes], ["client-close"]);
      const refusals = running.said("request refused").map(({ path, status }) => [path, status]);
      assert.deepEqual(refusals, [["/going", 404], ["/fixed", 403]]);
      assert.deepEqual(running.said("a defect in wstunnel, please report it"), []);
    }
    await eventually(
      "the processes' end",
      () => childrenOf(Deno.pid).every((pid) => children.has(pid)),
    );
    await eventually("the sockets' end", () => socketCount(Deno.pid) <= sockets);
    Deno.removeSync(folder, { recursive: true });
  });
}

Deno.test("a swap that can't be made leaves everything as it was", async () => {
  await using backend = serveBackend(echo);
  const host = at(backend.address);
  await using running = await startServer({ routes: { "/stays": [host] } });
  const { server, address } = running;
  await visit(address, "/stays");
  const before = server.report();
  const config = configOf({ routes: { "/other": [host] } });
  const [route] = config.routes;
  const broken = {
    ...route!,
    get hosts(): never {
      throw new Error("broken");
    },
  };
  assert.throws(() => swap(server, { ...config, routes: [route!, broken] }), /broken/);
  assert.deepEqual(server.report(), before);
  await visit(address, "/stays");
  await assert.rejects(openTunnel(address, "/other"), /refused: 404/);
  swap(server, config);
  await visit(address, "/other");
  await assert.rejects(openTunnel(address, "/stays"), /refused: 404/);
});

Deno.test("a swap changes who is let in, and what frames tunnels have from then on", async () => {
  await using backend = serveBackend(echo);
  const routes = { "/": [at(backend.address)] };
  await using running = await startServer({ routes });
  const { address } = running;
  const evil = { Origin: "https://evil.example" };
  const old = await openTunnel(address, "/", evil);
  running.swap({ wstunnel: 'origins = ["good.example"]', frameType: "text", routes });
  await assert.rejects(openTunnel(address, "/", evil), /refused: 403/);
  const young = await openTunnel(address, "/", { Origin: "https://good.example" });
  for (const [client, opcode] of [[old, Opcode.BINARY], [young, Opcode.TEXT]] as const) {
    await client.send(opcode, "hello");
    assert.equal((await client.payload(5, opcode)).length, 5);
    await client.close(1000);
    client[Symbol.dispose]();
  }
});

Deno.test("a request whose backend is being connected at a swap goes on with the hosts that it began with", async () => {
  const folder = Deno.makeTempDirSync();
  using silent = await listenSilently();
  await using backend = serveBackend(echo);
  const hosts = [
    `${at(silent.address)}\nconnect-timeout = 1`,
    program(`${folder}/s`, "second", "min-procs = 0"),
  ];
  await using running = await startServer({ routes: { "/gone": hosts } });
  const { server, address } = running;
  const asking = talk(address, "/gone");
  await eventually("its connect to the first", () => running.rows("/gone")[0]!.load === 1);
  running.swap({ routes: { "/": [at(backend.address)] } });
  await visit(address, "/gone");
  assert.equal(backend.count, 1, "who comes now has the new route");
  const talker = await asking;
  const pid = pidOf(running, "/gone");
  await talker.end();
  await eventually("the end of its program", () => !isRunning(pid!));
  await eventually("no row of it", () => server.report().length === 1);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a tunnel keeps the times that it began with, whichever way they are swapped", async () => {
  await using backend = serveBackend(echo);
  const timed = { routes: { "/": [`${at(backend.address)}\nread-timeout = 1`] } };
  const untimed = { routes: { "/": [at(backend.address)] } };
  await using running = await startServer(timed);
  const { address, server } = running;
  const first = await openTunnel(address);
  running.swap(untimed);
  const second = await openTunnel(address);
  running.swap(timed);
  const third = await openTunnel(address);
  running.swap(untimed);
  for (const client of [first, third]) {
    assert.equal((await client.closed()).code, 1001);
    client[Symbol.dispose]();
  }
  await eventually("the end of both", () => server.registry.size === 1);
  const closed = running.said("tunnel closed").map(({ cause }) => cause);
  assert.deepEqual(closed, ["backend-idle", "backend-idle"]);
  await second.send(Opcode.BINARY, "hello");
  assert.equal((await second.payload(5)).length, 5);
  await second.close(1000);
  second[Symbol.dispose]();
});

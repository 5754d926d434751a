/** Backends that an operator takes out and back in, while clients come and go. */
import assert from "node:assert/strict";
import { reportThat, statesOf } from "../e2e/report.ts";
import { type Backend, echo, freePort, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/processes.ts";
import { handshake, Opcode, openRaw, openTunnel, type RawClient } from "../support/raw_client.ts";
import { type Administered, leadingTo, startAdministered } from "./asking.ts";

const POLICIES = ["fair", "least-connection", "round-robin", "hash", "sticky"];

async function withBackends(
  count: number,
  lines: string,
  body: (administered: Administered, backends: readonly Backend[]) => Promise<void>,
): Promise<void> {
  const backends = Array.from({ length: count }, () => serveBackend(echo));
  try {
    const text = leadingTo(backends.map(({ address }) => address), lines);
    await using administered = await startAdministered({ by: "unix", text });
    await body(administered, backends);
  } finally {
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  }
}

/** A tunnel that carries what is sent. */
async function isWhole(client: RawClient, word: string): Promise<boolean> {
  await client.send(Opcode.BINARY, word);
  return new TextDecoder().decode(await client.payload(word.length)) === word;
}

async function statusOf(address: string, path = "/"): Promise<number> {
  using client = await openRaw(address);
  await client.write(handshake(path));
  return (await client.head()).status;
}

for (const balance of POLICIES) {
  Deno.test(`${balance}: a drained backend gets no new tunnel under load, and its open ones live on`, () =>
    withBackends(3, `balance = "${balance}"`, async ({ change, program, write }, backends) => {
      // Paths of their own, so that hash spreads them.
      let path = 0;
      const next = () => openTunnel(program.address, `/${path++}`);
      const early: RawClient[] = [];
      while (!backends.some(({ count }) => count >= 3)) early.push(await next());
      const drained = backends.find(({ count }) => count >= 3)!;
      const { address: backend } = drained;

      /** Clients that come and go, three at a time. */
      let going = true;
      const load = Array.from({ length: 3 }, async () => {
        for (let turn = 0; going; turn++) {
          using client = await next();
          assert(await isWhole(client, `turn ${turn}`));
          assert.equal((await client.close(1000)).code, 1000);
        }
      });
      const answered = await change("/api/backends/drain", "POST", { backend });
      assert.deepEqual([answered.status, answered.json], [200, { changed: 1 }]);
      const others = () => backends.reduce((sum, { count }) => sum + count, 0) - drained.count;
      const atDrain = others();
      // Those that were being connected are there by then.
      await eventually("others take tunnels", () => others() >= atDrain + 10);
      const before = drained.count;
      const othersBefore = others();
      await eventually("others take tunnels", () => others() >= othersBefore + 30);
      assert.equal(drained.count, before);
      for (const [at, client] of early.entries()) assert(await isWhole(client, `early ${at}`));

      // The state is the live backend's: a reload leaves it.
      await write(
        leadingTo(
          backends.map(({ address }) => address),
          `balance = "${balance}"\nping-interval = 60`,
        ),
      );
      assert.equal((await change("/api/reload", "POST")).status, 200);
      const afterReload = others();
      await eventually("others take tunnels", () => others() >= afterReload + 10);
      assert.equal(drained.count, before);

      assert.deepEqual((await change("/api/backends/enable", "POST", { backend })).json, {
        changed: 1,
      });
      // By its client's address everybody is the same one here.
      if (balance !== "sticky") await eventually("it takes tunnels", () => drained.count > before);
      going = false;
      await Promise.all(load);
      for (const client of early) client[Symbol.dispose]();
      const told = await program.entry("backend is drained: no new tunnel is sent there");
      assert.deepEqual([told["backend"], told["route"], told["by"]], [backend, "/", "admin unix"]);
      assert(Number(told["tunnels"]) >= 3);
      await program.entry("backend is enabled: tunnels are sent there again");
    }));
}

Deno.test("with all backends drained a client gets 503, and the log says why; reports name them", () =>
  withBackends(2, "", async ({ ask, change, program }, backends) => {
    using client = await openTunnel(program.address);
    for (const { address: backend } of backends) {
      await change("/api/backends/drain", "POST", { backend });
    }
    assert.equal(await statusOf(program.address), 503);
    const down = await program.entry("every backend of the route is down");
    assert.match(
      String(down["reason"]),
      /^127\.0\.0\.1:\d+: it is drained; 127\.0\.0\.1:\d+: it is drained$/,
    );
    await reportThat(program, "drained", (seen) => statesOf(seen).join() === "drained,drained");
    const rows = (await ask("/api/backends")).json.backends;
    assert.deepEqual(rows.map(({ drained }: { drained: boolean }) => drained), [true, true]);
    assert(await isWhole(client, "still there"));

    await change("/api/backends/enable", "POST", { backend: backends[1]!.address });
    assert.equal(await statusOf(program.address), 101);
    assert.equal(
      (await program.entry("route has a backend again"))["backend"],
      backends[1]!.address,
    );
  }));

Deno.test("a backend of several routes is drained for one of them, or for all", async () => {
  await using backend = serveBackend(echo);
  const { address } = backend;
  const port = address.split(":")[1];
  const route = (key: string) => `[[wstunnel.server."${key}"]]\nport = ${port}\n`;
  const text = `[wstunnel]\nframe-type = "binary"\n${route("/a")}${route("/b")}`;
  await using administered = await startAdministered({ by: "unix", text });
  const { change, program } = administered;
  const statuses = async () => [
    await statusOf(program.address, "/a"),
    await statusOf(program.address, "/b"),
  ];
  const one = await change("/api/backends/drain", "POST", { backend: address, route: "/a" });
  assert.deepEqual(one.json, { changed: 1 });
  assert.deepEqual(await statuses(), [503, 101]);
  const stranger = await change("/api/backends/drain", "POST", { backend: address, route: "/c" });
  assert.equal(stranger.status, 404);
  const all = await change("/api/backends/drain", "POST", { backend: address });
  assert.deepEqual(all.json, { changed: 2 });
  assert.deepEqual(await statuses(), [503, 503]);
  await change("/api/backends/enable", "POST", { backend: address });
  assert.deepEqual(await statuses(), [101, 101]);
});

Deno.test("enabling a backend that has failed has it tried at once", async () => {
  const port = freePort();
  const text = `[wstunnel]\nframe-type = "binary"
[[wstunnel.server."/"]]
port = ${port}
disable-time = 3600
`;
  await using administered = await startAdministered({ by: "unix", text });
  const { ask, change, program } = administered;
  assert.equal(await statusOf(program.address), 503);
  const [row] = (await ask("/api/backends")).json.backends;
  assert.equal(row.state, "disabled");
  assert(row.disabledUntil > Date.now() + 3_000_000);
  await using _backend = serveBackend(echo, { port });
  assert.equal(await statusOf(program.address), 503);
  await change("/api/backends/enable", "POST", { backend: `127.0.0.1:${port}` });
  assert.equal(await statusOf(program.address), 101);
});

Deno.test("a program for each tunnel is drained: no new one is started, those that run go on", async () => {
  const text = `[wstunnel]\nframe-type = "binary"
[[wstunnel.server."/"]]
exec = "/bin/cat"
`;
  await using administered = await startAdministered({ by: "unix", text });
  const { change, program } = administered;
  using client = await openTunnel(program.address);
  const started = childrenOf(program.pid).length;
  await change("/api/backends/drain", "POST", { backend: "exec:/bin/cat" });
  assert.equal(await statusOf(program.address), 503);
  assert.equal(childrenOf(program.pid).length, started);
  assert(await isWhole(client, "still there"));
  await change("/api/backends/enable", "POST", { backend: "exec:/bin/cat" });
  assert.equal(await statusOf(program.address), 101);
});

const ECHO = new URL("../backend/program.ts", import.meta.url).pathname;

Deno.test("a host with processes is drained by its name or by one of theirs, and they live on", async () => {
  const port = freePort();
  const command = [Deno.execPath(), "run", "--quiet", "--no-lock", "--allow-all", ECHO];
  const text = `[wstunnel]\nframe-type = "binary"
[[wstunnel.server."/"]]
port = ${port}
max-procs = 1
bin-path = ${JSON.stringify(command)}
`;
  await using administered = await startAdministered({ by: "unix", text });
  const { ask, change, program } = administered;
  using client = await openTunnel(program.address);
  const pid = async () => (await ask("/api/backends")).json.backends[0].pid;
  const running = await pid();
  assert.equal(typeof running, "number");
  assert.equal(
    (await change("/api/backends/drain", "POST", { backend: `127.0.0.1:${port}` })).status,
    200,
  );
  assert.equal(await statusOf(program.address), 503);
  assert(await isWhole(client, "still there"));
  assert.equal(await pid(), running);
  await change("/api/backends/enable", "POST", { backend: `127.0.0.1:${port}` });
  assert.equal(await statusOf(program.address), 101);
});

import assert from "node:assert/strict";
import { parseAddress } from "../../lib/base/address.ts";
import { freePort, listenSilently } from "../support/backends.ts";
import {
  createPool,
  end,
  failed,
  hostConfig,
  keptLog,
  leased,
  listen,
  programConfig,
  request,
  route,
  until,
} from "./setting.ts";

const FAST = { connectTimeoutMs: 3_000, disableTimeMs: 200 };

function addressOf(text: string) {
  const parsed = parseAddress(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.address;
}

Deno.test("a lone host that has failed is asked by everybody, and is up once it answers one of them", async () => {
  const port = freePort();
  const address = { transport: "tcp", hostname: "127.0.0.1", port } as const;
  const pool = createPool(route(hostConfig(address, FAST)), keptLog().events);
  const stateIs = (state: string) => until(state, () => pool.report()[0]!.state === state);
  assert.equal(pool.report()[0]!.state, "up");
  failed(await pool.connect(request()));
  assert.equal(pool.report()[0]!.state, "disabled");
  await stateIs("failed");
  const asking = Array.from({ length: 5 }, () => pool.connect(request()));
  for (const result of await Promise.all(asking)) failed(result);
  assert.equal(pool.report()[0]!.failures, 6, "each of them tried");
  const backend = listen(address);
  await stateIs("failed");
  end(leased(await pool.connect(request())));
  assert.equal(pool.report()[0]!.state, "up");
  await pool.stop();
  backend.close();
});

Deno.test("of hosts that have failed, one that somebody tries is asked last", async () => {
  using silent = await listenSilently();
  const backend = listen();
  const hosts = [addressOf(silent.address), backend.address].map((at) => hostConfig(at, FAST));
  const pool = createPool(route(...hosts), keptLog().events);
  const stateIs = (state: string) => until(state, () => pool.report()[0]!.state === state);
  end(leased(await pool.connect(request())));
  await stateIs("failed");
  const trying = pool.connect(request());
  assert.deepEqual(pool.report().map(({ load }) => load), [1, 0]);
  for (let i = 0; i < 20; i++) {
    const lease = leased(await pool.connect(request()));
    assert.equal(pool.report()[0]!.load, 1, "nobody else waits");
    end(lease);
  }
  assert.equal(pool.report()[0]!.failures, 1);
  end(leased(await trying));
  assert.equal(pool.report()[0]!.failures, 2);

  // A client that leaves while it tries has found out nothing: the next one tries.
  await stateIs("failed");
  const leaver = new AbortController();
  const left = pool.connect(request({ signal: leaver.signal }));
  leaver.abort();
  assert.equal(failed(await left).kind, "aborted");
  const next = pool.connect(request());
  assert.deepEqual(pool.report().map(({ load }) => load), [1, 0]);
  end(leased(await next));
  assert.equal(pool.report()[0]!.failures, 3);
  await pool.stop();
  backend.close();
});

Deno.test("a program that has failed to start keeps nobody waiting while it is started again", async () => {
  const folder = Deno.makeTempDirSync();
  const backend = listen();
  // Never listens.
  const program = programConfig(["/bin/sleep", "60"], { minProcs: 0, maxProcs: 4 });
  const pool = createPool(
    route(
      hostConfig({ transport: "unix", path: `${folder}/s` }, { ...FAST, program }),
      hostConfig(backend.address),
    ),
    keptLog().events,
  );
  const states = () => pool.report().map(({ state }) => state);
  // The first waits for its start, and goes on to the other.
  end(leased(await pool.connect(request())));
  await until("it may be started again", () => states()[0] === "stopped");
  const first = pool.connect(request());
  await until("it is started", () => states()[0] === "starting");
  for (let i = 0; i < 10; i++) {
    const lease = leased(await pool.connect(request()));
    assert.deepEqual(states().slice(0, 2), ["starting", "stopped"], "nor is another started");
    end(lease);
  }
  end(leased(await first));
  assert.equal(pool.report()[0]!.failures, 2);
  await pool.stop();
  backend.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("who waits for a host goes on to another as soon as one has waited in vain", async () => {
  const CONNECT_TIMEOUT_MS = 6_000;
  using silent = await listenSilently();
  const backend = listen();
  const hosts = [addressOf(silent.address), backend.address]
    .map((at) => hostConfig(at, { connectTimeoutMs: CONNECT_TIMEOUT_MS, disableTimeMs: 60_000 }));
  const pool = createPool({ ...route(...hosts), balance: "round-robin" }, keptLog().events);
  const first = pool.connect(request());
  end(leased(await pool.connect(request())));
  await new Promise((resolve) => setTimeout(resolve, CONNECT_TIMEOUT_MS / 2));
  const later = [1, 2, 3].map(async (index) => {
    if (index === 2) return end(leased(await pool.connect(request())));
    end(leased(await pool.connect(request())));
    return performance.now();
  });
  assert.deepEqual(pool.report().map(({ load }) => load), [3, 1]);
  end(leased(await first));
  const gaveUpAt = performance.now();
  for (const at of await Promise.all(later)) {
    // By themselves they would wait for half the time more.
    if (at !== undefined) {
      assert.ok(at - gaveUpAt < 0.4 * CONNECT_TIMEOUT_MS, `${at - gaveUpAt} ms`);
    }
  }
  assert.deepEqual(pool.report().map(({ load, failures }) => [load, failures]), [[0, 1], [0, 0]]);
  await pool.stop();
  backend.close();
});

Deno.test("who waits for a host and has no other goes on waiting", async () => {
  using silent = await listenSilently();
  const hosts = [silent.address, `127.0.0.1:${freePort()}`]
    .map((text) => hostConfig(addressOf(text), { connectTimeoutMs: 3_000, disableTimeMs: 60_000 }));
  const pool = createPool(route(...hosts), keptLog().events);
  const began = performance.now();
  const first = pool.connect(request());
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const second = pool.connect(request({ path: "/b" }));
  failed(await first);
  failed(await second);
  assert.ok(performance.now() - began >= 3_900, "each has its time");
  await pool.stop();
});

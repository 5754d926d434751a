import assert from "node:assert/strict";
import type { PolicyName } from "../../lib/config/config.ts";
import { freePort } from "../support/backends.ts";
import {
  createPool,
  end,
  failed,
  hostConfig,
  keptLog,
  leased,
  listen,
  type ListeningBackend,
  request,
  route,
  until,
} from "./setting.ts";

/** A pool over `count` listening backends, and its end. */
function poolOver(count: number, balance: PolicyName, disableTimeMs = 1000) {
  const backends = Array.from({ length: count }, () => listen());
  const { events, lines } = keptLog();
  const hosts = backends.map(({ address }) => hostConfig(address, { disableTimeMs }));
  const pool = createPool({ ...route(...hosts), balance }, events);
  const close = async () => {
    await Promise.all(backends.map((backend) => backend.close()));
    await pool.stop();
  };
  return { backends, pool, lines, close };
}

async function allTaken(backends: readonly ListeningBackend[], total: number): Promise<number[]> {
  const taken = () => backends.map((backend) => backend.taken);
  await until(`${total} taken`, () => taken().reduce((sum, count) => sum + count, 0) === total);
  return taken();
}

for (const policy of ["fair", "least-connection", "round-robin"] as const) {
  Deno.test(`\`createPool()\` by ${policy} spreads open tunnels evenly over real backends`, async () => {
    const { backends, pool, close } = poolOver(4, policy);
    // All at once: those being connected count as load.
    const leases = (await Promise.all(Array.from({ length: 40 }, () => pool.connect(request()))))
      .map(leased);
    assert.deepEqual(await allTaken(backends, 40), [10, 10, 10, 10]);
    assert.deepEqual(pool.report().map(({ load }) => load), [10, 10, 10, 10]);
    leases.forEach(end);
    leases.forEach((lease) => lease.release());
    assert.deepEqual(pool.report().map(({ load }) => load), [0, 0, 0, 0], "released once each");
    assert.deepEqual(pool.report().map(({ tunnelsServed }) => tunnelsServed), [10, 10, 10, 10]);
    await close();
  });
}

Deno.test("`createPool()` by fair gives a new tunnel to the host whose tunnels have ended", async () => {
  const { pool, close } = poolOver(3, "fair");
  const leases = [];
  for (let i = 0; i < 9; i++) leases.push(leased(await pool.connect(request())));
  const freed = leases[4]!;
  end(freed);
  const next = leased(await pool.connect(request()));
  assert.equal(next.backend, freed.backend);
  leases.filter((lease) => lease !== freed).forEach(end);
  end(next);
  await close();
});

for (const policy of ["sticky", "hash"] as const) {
  Deno.test(`\`createPool()\` by ${policy} keeps a key on its host, moves it while that is down, gives it back`, async () => {
    const { backends, pool, close } = poolOver(3, policy, 50);
    const key = { clientAddress: "198.51.100.9", path: "/desk/9" };
    const backendOf = async () => {
      const lease = leased(await pool.connect(request(key)));
      end(lease);
      return lease.backend;
    };
    const home = await backendOf();
    for (let i = 0; i < 5; i++) assert.equal(await backendOf(), home);
    const at = pool.report().findIndex(({ backend }) => backend === home);
    const { address } = backends[at]!;
    await backends[at]!.close();
    const refuge = await backendOf();
    assert.notEqual(refuge, home);
    assert.equal(await backendOf(), refuge);
    backends[at] = listen(address);
    await until("the key is back", async () => await backendOf() === home);
    await close();
  });
}

Deno.test("`createPool()` loses no request while one of its backends stops and starts", async () => {
  const { backends, pool, lines, close } = poolOver(2, "round-robin", 30);
  const { address } = backends[0]!;
  let running = true;
  let served = 0;
  const losses: string[] = [];
  const client = async () => {
    while (running) {
      const result = await pool.connect(request());
      if (result.ok) {
        served++;
        end(result.lease);
      } else losses.push(result.failure.reason);
    }
  };
  const clients = [client(), client(), client(), client()];
  for (let i = 0; i < 5; i++) {
    const before = served;
    await backends[0]!.close();
    await until("served by the other alone", () => served > before + 50);
    backends[0] = listen(address);
    await until("served by the first again", () => backends[0]!.taken > 20);
  }
  running = false;
  await Promise.all(clients);
  assert.deepEqual(losses, []);
  assert.deepEqual(pool.report().map(({ load }) => load), [0, 0]);
  const said = lines.map(({ message }) => message);
  assert.ok(said.includes("backend is down") && said.includes("backend is up again"));
  for (let i = 1; i < said.length; i++) assert.notEqual(said[i], said[i - 1], "in turn");
  await close();
});

Deno.test("`createPool()` of a lone host fails at once while it is disabled, serves within disable-time of its return", async () => {
  const { backends, pool, lines, close } = poolOver(1, "fair", 2_000);
  const { address } = backends[0]!;
  end(leased(await pool.connect(request())));
  await backends[0]!.close();
  for (let i = 0; i < 20; i++) {
    const failure = failed(await pool.connect(request()));
    assert.equal(failure.kind, "down");
    assert.match(failure.reason, /^127\.0\.0\.1:\d+: .*(refused|reset)/i);
  }
  const [row] = pool.report();
  assert.equal(row!.failures, 1, "the others were not tried");
  assert.equal(row!.state, "disabled");
  const leftMs = row!.disabledUntil! - Date.now();
  assert.ok(leftMs > -5 && leftMs <= 2_000, `${leftMs}`);
  backends[0] = listen(address);
  const returned = performance.now();
  await until("it serves", async () => {
    const result = await pool.connect(request());
    if (result.ok) end(result.lease);
    return result.ok;
  });
  assert.ok(performance.now() - returned < 10_000);
  assert.deepEqual(lines.map(({ level, message }) => `${level}: ${message}`), [
    "error: every backend of the route is down",
    "info: route has a backend again",
  ]);
  await close();
});

Deno.test("`createPool()` tries each host at most once for a request and names every reason", async () => {
  const ports = [freePort(), freePort(), freePort()];
  const { events, lines } = keptLog();
  const pool = createPool(
    route(...ports.map((port) => hostConfig({ transport: "tcp", hostname: "127.0.0.1", port }))),
    events,
  );
  const { kind, reason } = failed(await pool.connect(request()));
  assert.equal(kind, "down");
  for (const port of ports) assert.ok(reason.includes(`127.0.0.1:${port}: `), reason);
  assert.deepEqual(pool.report().map(({ failures }) => failures), [1, 1, 1]);
  assert.equal(lines.filter(({ level }) => level === "error").length, 1);
  await pool.stop();
});

Deno.test("`createPool()` says aborted, disables nothing, when the client goes first; and after `stop()`", async () => {
  const { pool, lines, close } = poolOver(1, "fair");
  const signal = AbortSignal.abort();
  assert.equal(failed(await pool.connect(request({ signal }))).kind, "aborted");
  assert.deepEqual(pool.report().map(({ load, failures }) => [load, failures]), [[0, 0]]);
  assert.deepEqual(lines, []);
  end(leased(await pool.connect(request())));
  await close();
  assert.equal(failed(await pool.connect(request())).kind, "aborted");
});

import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import {
  createPool,
  end,
  execTarget,
  hostConfig,
  isRunning,
  keptLog,
  listen,
  programConfig,
  request,
  roundTrip,
  route,
  until,
} from "./setting.ts";

const DURATION_MS = 3000;

/** It goes on until so many have been served, or a minute is over. */
const LEAST_SERVED = 500;
const LONGEST_MS = 60_000;

/** A small generator with a seed: the same choices in each run (Park and Miller). */
function seeded(seed: number): () => number {
  return () => (seed = seed * 48271 % 2147483647) / 2147483647;
}

function openDescriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name);
}

Deno.test("`createPool()` leaves no load, descriptor or process after a churn of tunnels and of backends killed", async () => {
  const descriptors = openDescriptors().length;
  const random = seeded(7);
  const folder = Deno.makeTempDirSync();
  const redis = "redis-server --port 0 --unixsocket {socket} --save --dir".split(" ");
  // A port that nobody else gets while it is away.
  const at = { transport: "tcp", hostname: "127.0.0.1", port: freePort() } as const;
  const backend = { current: listen(at) };
  const { address } = backend.current;
  const fast = { disableTimeMs: 20 };
  const { events } = keptLog();
  const pool = createPool(
    route(
      hostConfig(address, fast),
      hostConfig({ transport: "unix", path: `${folder}/s` }, {
        ...fast,
        program: programConfig([...redis, folder], { maxLoadPerProc: 10, idleTimeoutMs: 200 }),
      }),
      hostConfig(execTarget(["/bin/cat"], { maxProcs: 8 }), fast),
    ),
    events,
  );
  await pool.start();
  const begun = performance.now();
  const counts = { served: 0, refused: 0, cut: 0 };
  const seen = new Set<number>();
  const goesOn = () => {
    const longestMs = counts.served > LEAST_SERVED ? DURATION_MS : LONGEST_MS;
    return performance.now() - begun < longestMs;
  };

  async function client(): Promise<void> {
    while (goesOn()) {
      const result = await pool.connect(request());
      if (!result.ok) {
        counts.refused++;
        await new Promise((done) => setTimeout(done, 10));
        continue;
      }
      try {
        // What redis answers, and an echo gives back, in the same length.
        const answer = await roundTrip(result.lease, "PING\r\n");
        if (answer.length < 6) counts.cut++;
        else counts.served++;
        await new Promise((done) => setTimeout(done, random() * 100));
      } catch {
        counts.cut++;
      }
      end(result.lease);
    }
  }

  async function killer(): Promise<void> {
    while (goesOn()) {
      await new Promise((done) => setTimeout(done, 50 + random() * 200));
      for (const { pid } of pool.report()) if (pid !== null) seen.add(pid);
      if (random() < 0.5) {
        await backend.current.close();
        await new Promise((done) => setTimeout(done, random() * 50));
        backend.current = listen(address);
      } else {
        const running = pool.report().flatMap(({ pid }) => pid ?? []);
        const victim = running[Math.floor(random() * running.length)];
        if (victim !== undefined && isRunning(victim)) Deno.kill(victim, "SIGKILL");
      }
    }
  }

  await Promise.all([killer(), ...Array.from({ length: 60 }, client)]);
  assert.ok(counts.served > LEAST_SERVED, JSON.stringify(counts));
  assert.equal(pool.report().reduce((sum, { load }) => sum + load, 0), 0);
  await pool.stop();
  await backend.current.close();
  await until("no program is left", () => ![...seen].some(isRunning));
  await until("no descriptor is left", () => openDescriptors().length <= descriptors);
  Deno.removeSync(folder, { recursive: true });
});

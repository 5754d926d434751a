/**
 * The program's life: pools, listeners, signals, drain.
 *
 * @module
 */
import { createBreather } from "../base/breather.ts";
import type { Pool } from "../backend/backend.ts";
import { createPool } from "../backend/pool.ts";
import { createReleasePages } from "../sys/pages.ts";
import { reapOrphans } from "../process/reap.ts";
import type { Config, ListenConfig } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import { createSocketDiag } from "../sys/socket_diag.ts";
import { createRegistry } from "./registry.ts";
import { createSweep, tickFor } from "../engine/sweep.ts";
import { createBuffers } from "../engine/elastic_buffer.ts";
import { isDebuggerOpen } from "./debugger.ts";
import { surviveDefects } from "./defects.ts";
import { drain, stopPrograms } from "./drain.ts";
import { listenAll } from "../engine/listen.ts";
import { listenNative } from "../engine/native.ts";
import { listenStream } from "../engine/stream.ts";
import { createDoor } from "./door.ts";
import { createReport } from "./report.ts";
import { runtimeLimits } from "./runtime.ts";
import { onSignals } from "./signals.ts";

/** Serves until a signal ends it; gives the exit code: 0 after a drain, 1 when it can't listen. */
export async function serve(config: Config, events: Events): Promise<number> {
  const { emit } = events;
  const pools = createPools(config, events);
  const registry = createRegistry();
  const buffers = createBuffers(config.bufferBytes, createReleasePages());
  const breather = createBreather();
  const diag = createSocketDiag();
  const sweep = createSweep(tickFor(timesOf(config)), buffers.trim);
  const stopping = new AbortController();
  const { signal } = stopping;
  const options = { ...config, buffers, breather, diag, emit };
  const shared = { config, pools, registry, sweep, buffers, breather, events };
  const door = createDoor({ ...shared, stopping: signal });
  const listen = config.engine === "native"
    ? (place: ListenConfig) => listenNative(place, door, options)
    : (place: ListenConfig) => listenStream(place, door, options);
  const asked = Promise.withResolvers<void>();
  const hurried = Promise.withResolvers<void>();
  const undo = [
    surviveDefects(emit),
    onSignals({
      end(name) {
        emit({ kind: "signal", signal: name, tunnels: registry.size });
        if (signal.aborted) hurried.resolve();
        asked.resolve();
      },
      report: createReport([...pools.values()], registry, events),
    }),
    Deno.pid === 1 ? reapOrphans(emit) : () => {},
  ];
  let deadlineMs = 0;
  try {
    if (await isDebuggerOpen(emit)) return 1;
    const listening = await listenAll(config.listen, listen);
    if ("problem" in listening) {
      emit({ kind: "listen-failed", problem: listening.problem });
      return 1;
    }
    for (const { address } of listening.listeners) {
      emit({ kind: "listening", address, engine: config.engine });
    }
    const { deno } = Deno.version;
    for (const limit of runtimeLimits(deno)) emit({ kind: "runtime-limited", limit, deno });
    for (const pool of pools.values()) pool.start();
    await asked.promise;
    stopping.abort();
    deadlineMs = performance.now() + config.graceMs;
    await drain(listening.listeners, registry, config, hurried.promise, emit);
    return 0;
  } finally {
    await stopPrograms(pools.values(), config, deadlineMs);
    for (const one of undo) one();
    events.close();
    await breather.close();
    diag.close();
  }
}

function createPools({ routes }: Config, events: Events): ReadonlyMap<string, Pool> {
  return new Map(routes.map((route) => [route.key, createPool(route, events)]));
}

/** The times that tunnels are watched for. */
function timesOf({ routes }: Config): number[] {
  return routes.flatMap(({ pingIntervalMs, hosts }) => [
    pingIntervalMs,
    ...hosts.flatMap((host) => [host.readTimeoutMs, host.writeTimeoutMs]),
  ]);
}

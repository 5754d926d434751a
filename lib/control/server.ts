/**
 * The program's life: pools, listeners, signals, drain.
 *
 * @module
 */
import { formatAddress } from "../base/address.ts";
import { createBreather } from "../base/breather.ts";
import type { Logger, OpenedLog } from "../base/logger.ts";
import type { Pool } from "../backend/backend.ts";
import { createPool } from "../backend/pool.ts";
import { createReleasePages } from "../sys/pages.ts";
import { reapOrphans } from "../process/reap.ts";
import type { Config, ListenConfig } from "../config/config.ts";
import { createSocketDiag } from "../sys/socket_diag.ts";
import { createRegistry } from "./registry.ts";
import { createWatch, tickFor } from "../engine/sweep.ts";
import { createBuffers } from "../engine/elastic_buffer.ts";
import { debuggerProblem } from "./debugger.ts";
import { surviveDefects } from "./defects.ts";
import { drain, stopPrograms } from "./drain.ts";
import { listenAll } from "../engine/listen.ts";
import { listenNative } from "../engine/native.ts";
import { listenStream } from "../engine/stream.ts";
import { createDoor } from "./door.ts";
import { createReport } from "./report.ts";
import { createRequestLog } from "./request_log.ts";
import { runtimeLimits } from "./runtime.ts";
import { onSignals } from "./signals.ts";

/** Serves until a signal ends it; gives the exit code: 0 after a drain, 1 when it can't listen. */
export async function serve(config: Config, log: OpenedLog): Promise<number> {
  const pools = createPools(config, log);
  const registry = createRegistry();
  const buffers = createBuffers(config.bufferBytes, createReleasePages());
  const breather = createBreather();
  const diag = createSocketDiag();
  const watch = createWatch(tickFor(timesOf(config)), buffers.trim);
  const stopping = new AbortController();
  const { signal } = stopping;
  const requests = createRequestLog(log);
  const options = { ...config, buffers, breather, diag, log };
  const shared = { config, pools, registry, watch, buffers, breather, log, requests };
  const door = createDoor({ ...shared, stopping: signal });
  const listen = config.engine === "native"
    ? (place: ListenConfig) => listenNative(place, door, options)
    : (place: ListenConfig) => listenStream(place, door, options);
  const asked = Promise.withResolvers<void>();
  const hurried = Promise.withResolvers<void>();
  const undo = [
    surviveDefects(log),
    onSignals({
      end(name) {
        log.info(`${name}: ending`, { tunnels: registry.size });
        if (signal.aborted) hurried.resolve();
        asked.resolve();
      },
      report: createReport([...pools.values()], registry, log),
    }),
    Deno.pid === 1 ? reapOrphans(log) : () => {},
  ];
  let deadlineMs = 0;
  try {
    const danger = await debuggerProblem(log);
    if (danger !== null) {
      log.error(danger);
      return 1;
    }
    const listening = await listenAll(config.listen, listen);
    if ("problem" in listening) {
      log.error(listening.problem);
      return 1;
    }
    for (const { address } of listening.listeners) {
      log.info(`listening on ${formatAddress(address)}`, { engine: config.engine });
    }
    const { deno } = Deno.version;
    for (const limit of runtimeLimits(deno)) log.warn(limit, { deno });
    for (const pool of pools.values()) pool.start();
    await asked.promise;
    stopping.abort();
    deadlineMs = performance.now() + config.graceMs;
    await drain(listening.listeners, registry, config, hurried.promise, log);
    return 0;
  } finally {
    await stopPrograms(pools.values(), config, deadlineMs);
    for (const one of undo) one();
    requests.close();
    await breather.close();
    diag.close();
  }
}

function createPools({ routes }: Config, log: Logger): ReadonlyMap<string, Pool> {
  return new Map(routes.map((route) => [route.key, createPool(route, log)]));
}

/** The times that tunnels are watched for. */
function timesOf({ routes }: Config): number[] {
  return routes.flatMap(({ pingIntervalMs, hosts }) => [
    pingIntervalMs,
    ...hosts.flatMap((host) => [host.readTimeoutMs, host.writeTimeoutMs]),
  ]);
}

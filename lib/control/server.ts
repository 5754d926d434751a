/**
 * A server that runs: its listeners, its door, its generations and the tunnels that are open.
 *
 * @module
 */
import { createBreather } from "../base/breather.ts";
import { within } from "../base/within.ts";
import type { ProcReport } from "../events/event.ts";
import { type Change, setDrained } from "../backend/drained.ts";
import { createHosts } from "../backend/hosts.ts";
import { createReleasePages } from "../sys/pages.ts";
import type { Config } from "../config/config.ts";
import { isSame } from "../config/key.ts";
import { createSocketDiag } from "../sys/socket_diag.ts";
import type { Events } from "../events/events.ts";
import type { Gauges } from "../events/metrics/gauges.ts";
import type { EngineOptions, Listener } from "../engine/engine.ts";
import { createSweep, LONGEST_TICK_MS } from "../engine/sweep.ts";
import { createTrimmer } from "../engine/trimmer.ts";
import { createBuffers } from "../engine/elastic_buffer.ts";
import type { Changeable, Ready } from "./change.ts";
import { createDoor } from "./door.ts";
import { drain, stopPrograms } from "./drain.ts";
import { chooseEngine } from "./engine_choice.ts";
import { connectionsBounded, createGenerations, type NextGeneration } from "./generation.ts";
import { createListeners } from "./listeners.ts";
import type { Phase } from "./phase.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createRemovedRoutes } from "./removed_routes.ts";

export interface Server {
  readonly phase: Phase;
  readonly registry: Registry;
  /** What a reload changes, in this order: all but the listeners, which begin with it; then these. */
  readonly parts: readonly [Rules, Changeable];
  /** The rows of the table of hosts and procs. */
  report(): ProcReport[];
  /** Takes hosts out, or back in; gives how many. */
  setDrained(change: Change): number;
  /** What is so just now, of what metrics are made. */
  gauges(): ServerGauges;
  /** Opens the listeners, all or none; gives why one of them can't be had, null when all are open. */
  listen(): Promise<string | null>;
  /** Where it listens, with the real ports. */
  readonly listeners: readonly Listener[];
  /** Starts the programs that are kept running. */
  start(): Promise<void>;
  /** For how long no connection has been there; null: there is one. */
  readonly idleForMs: number | null;
  /**
   * Takes no more requests, and ends every tunnel that doesn't end by itself within the drain time, within the grace time; with `patient`, all
   * this only once somebody hurries or the last tunnel has ended. `hurried` resolves when somebody hurries, from the call on.
   */
  drain(hurried: () => Promise<void>, patient?: boolean): Promise<void>;
  /** Stops every program, and lets go of all that it holds. */
  close(): Promise<void>;
}

/** What is made of a configuration but its listeners. */
export interface Rules extends Changeable {
  /** Once it holds, renewed certificates, tokens and the like are taken at once, and what is wrong with them is told. */
  prepare(next: Config): Ready;
}

/** Those that are the server's. */
export type ServerGauges = Omit<Gauges, "build" | "droppedLines" | "process">;

/** Makes a server, which doesn't listen yet. */
export function createServer(config: Config, events: Events): Server {
  const { emit } = events;
  const hosts = createHosts(events);
  const generations = createGenerations(config, hosts, emit);
  const registry = createRegistry();
  const removed = createRemovedRoutes(generations, registry);
  const buffers = createBuffers(config.bufferBytes, createReleasePages());
  const breather = createBreather();
  const diag = createSocketDiag();
  const trimHeap = createTrimmer();
  const onDefect = (error: unknown) => emit({ kind: "defect", error });
  const afterTicks = (nowMs: number) => {
    buffers.trim(nowMs);
    trimHeap(nowMs);
  };
  const sweep = createSweep(LONGEST_TICK_MS, { afterTicks, onDefect });
  const stopping = new AbortController();
  const { signal } = stopping;
  const door = createDoor({ generations, registry, sweep, events, stopping: signal, removed });
  const options: EngineOptions = {
    buffers,
    breather,
    diag,
    createSweep: (tickMs) => createSweep(tickMs, { onDefect }),
    emit,
  };
  const listeners = createListeners(door, options);
  let deadlineMs = 0;
  let bounded = connectionsBounded(config);
  let asked = config.engine;

  function take(config: Config, next: NextGeneration): void {
    if (signal.aborted) return next.abandon();
    asked = config.engine;
    removed.follow(next.commit());
    // What is kept of the generation before may have changed since it was last looked at.
    generations.look();
    listeners.lookAtCertificates();
    const bounds = connectionsBounded(config);
    if (!isSame(bounds, bounded)) emit(bounds);
    bounded = bounds;
  }

  const rules: Rules = {
    prepare(config) {
      if (signal.aborted) return { problem: "the server shuts down" };
      const next = generations.prepare(config);
      return { commit: () => take(config, next), abandon: next.abandon };
    },
  };
  let ending = false;
  const phase = (): Phase => {
    if (ending) return "draining";
    return listeners.all.length === 0 ? "starting" : "serving";
  };
  return {
    get phase() {
      return phase();
    },
    registry,
    parts: [rules, listeners],
    report: generations.report,
    setDrained: (change) => setDrained(generations.hosts, change, emit),
    gauges: () => ({
      engine: chooseEngine(asked).engine,
      phase: phase(),
      tunnels: registry,
      backends: generations.report(),
      connections: door.connections,
      workerLoads: listeners.workerLoads(),
      buffers: { small: buffers.small.usedBytes, large: buffers.large.usedBytes },
      certificates: listeners.all.flatMap((listener) => listener.certificates?.() ?? []),
    }),
    start: generations.start,
    get listeners() {
      return listeners.all;
    },
    listen: () => listeners.open(config),
    get idleForMs() {
      return door.connections.idleForMs;
    },
    async drain(hurried, patient = false) {
      ending = true;
      const { graceMs, drainMs } = generations.current;
      await within(Promise.race([listeners.leaveHanded(), hurried()]), LAST_REQUESTS_MS);
      stopping.abort();
      const { startsPrograms } = hosts;
      const times = { graceMs, drainMs: drainMs ?? 0 };
      const options = { ...times, startsPrograms, patient, hurried, events };
      deadlineMs = await drain(listeners, registry, options);
    },
    async close() {
      generations.close();
      removed.close();
      await stopPrograms(hosts, generations.current.graceMs, deadlineMs);
      await listeners.end();
      await breather.close();
      diag.close();
      sweep.close();
    },
  };
}

/** What requests that have come from sockets handed to us have left, before they are refused, while others wait for who is handed them next. */
const LAST_REQUESTS_MS = 500;

/** An engine, composed as the program composes it, in the test's own process: thousands of tunnels cost little. */
import { formatAddress } from "../../lib/base/address.ts";
import { createBreather } from "../../lib/base/breather.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { createSocketDiag } from "../../lib/sys/socket_diag.ts";
import { openLog } from "../../lib/base/logger.ts";
import { createHosts } from "../../lib/backend/hosts.ts";
import type { Config, ListenConfig } from "../../lib/config/config.ts";
import { loadToml } from "../../lib/config/load.ts";
import { createDoor } from "../../lib/control/door.ts";
import { createGenerations } from "../../lib/control/generation.ts";
import type { Door } from "../../lib/engine/door.ts";
import type { EngineOptions, Listener } from "../../lib/engine/engine.ts";
import { startBesideRuntime } from "../../lib/engine/loop/beside_runtime.ts";
import { listenLoop } from "../../lib/engine/loop/listen.ts";
import { Brevity } from "../../lib/engine/loop/workers/brevity.ts";
import { createWorkers, type Workers } from "../../lib/engine/loop/workers/workers.ts";
import { createYoungTunnels } from "../../lib/engine/loop/workers/young.ts";
import { listenNative } from "../../lib/engine/native.ts";
import { listenStream } from "../../lib/engine/stream.ts";
import { createEvents, type Sink } from "../../lib/events/events.ts";
import { createLogSink } from "../../lib/events/log/sink.ts";
import { createRegistry, type OpenTunnel } from "../../lib/control/registry.ts";
import { createSweep } from "../../lib/engine/sweep.ts";
import { createBuffers } from "../../lib/engine/elastic_buffer.ts";
import type { Engine } from "../e2e/engine_limits.ts";
import { eventually } from "../support/eventually.ts";
import { createManualSweep } from "../support/manual_sweep.ts";
import { createSockets, type Sockets } from "../support/sockets.ts";

/** Far shorter than the program's, so that look-ahead takes milliseconds. */
const TICK_MS = 5;

/** More than any wait of a tunnel's. */
const A_WHILE_MS = 31_000;

interface Opened extends Listener {
  /** Ends what moves its tunnels, once they are over. */
  readonly closeLoop?: () => Promise<void>;
  readonly workers?: Workers;
}

const LISTEN: Readonly<
  Record<
    Engine,
    (place: ListenConfig, door: Door, options: EngineOptions, workers: number) => Opened
  >
> = {
  stream: (place, door, options) => listenStream(place, door, options),
  native: (place, door, options) => listenNative(place, door, options),
  loop: (place, door, options, most) => {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    const onDefect = (error: unknown) => options.emit({ kind: "defect", error });
    // It shares its thread with the clients: they would wait for as long as it lingers.
    const beside = startBesideRuntime(sharedLibc.libc, { onDefect, lingerMs: 0 });
    const { libc } = sharedLibc;
    const { loop } = beside;
    const workers = createWorkers({ ...options, createSweep, libc, loop, most });
    const young = most > 0
      ? createYoungTunnels({ loop, workers, createSweep, brevity: new Brevity(), onDefect })
      : null;
    const listener = listenLoop(place, door, { ...options, loop, ...(young && { young }) });
    return {
      ...listener,
      workers,
      async closeLoop() {
        young?.close();
        await workers.close();
        await beside.close();
      },
    };
  },
};

export interface EndpointOptions {
  /** Is told of everything, besides the log. */
  readonly sink?: Sink;
  /** Level of the log. @default 4 */
  readonly level?: number;
  /** Lines of TOML for the top, for `[wstunnel]` and for the host. */
  readonly top?: string;
  readonly wstunnel?: string;
  readonly host?: string;
  /** Threads that carry the loop's tunnels, once they are there. @default 0 */
  readonly workers?: number;
  /** Whether time passes by itself, or only by {@linkcode Endpoint.pass}. @default "stands" */
  readonly clock?: "stands" | "runs";
}

export interface Endpoint extends AsyncDisposable {
  readonly engine: Engine;
  /** `host:port`. */
  readonly address: string;
  /** The log so far, a line an element, down to debug unless told otherwise; of the endpoint opened last. */
  readonly log: readonly string[];
  readonly tunnels: Iterable<OpenTunnel>;
  /** Its connections, as the system knows them. */
  readonly sockets: Sockets;
  /** Lets time pass, for the tunnels and for those who have none yet: their clock stands still otherwise. */
  pass(ms: number): void;
  /** Clients that are there, tunnels or not yet. */
  readonly connections: number;
  /** Backends connected or being connected. */
  readonly load: number;
  /** Those that carry the loop's tunnels. */
  readonly workers: Workers | undefined;
  /** Takes no more connections. */
  stopListening(): Promise<void>;
  /** Ends all tunnels as a server that shuts down does. */
  endTunnels(): Promise<void>;
  /** Checks that every tunnel ends in time and every buffer comes back, then stops. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves every path from one backend, `host:port`. */
export function openEndpoint(
  engine: Engine,
  backend: string,
  options: EndpointOptions = {},
): Endpoint {
  const config = configFor(engine, backend, options);
  const lines: string[] = [];
  const { level = 4 } = options;
  const log = openLog({ format: "text", level, write: (line) => lines.push(line.trimEnd()) });
  const registry = createRegistry();
  const buffers = createBuffers(config.bufferBytes);
  const breather = createBreather();
  const diag = createSocketDiag();
  const used = () => buffers.small.used + buffers.large.used;
  const { clock = "stands" } = options;
  const manual = createManualSweep(TICK_MS);
  const events = createEvents([createLogSink(log), ...(options.sink ? [options.sink] : [])]);
  const onDefect = (error: unknown) => events.emit({ kind: "defect", error });
  const sweep = clock === "stands" ? manual : createSweep(TICK_MS, { onDefect });
  const hosts = createHosts(events);
  const generations = createGenerations(config, hosts, events.emit);
  const door = createDoor({
    generations,
    registry,
    sweep,
    events,
    stopping: new AbortController().signal,
    removed: { isOver: () => false },
  });
  const listener = LISTEN[engine](config.listen[0]! as ListenConfig, door, {
    buffers,
    breather,
    diag,
    createSweep: () => sweep,
    emit: events.emit,
  }, options.workers ?? 0);
  let closing: Promise<void> | null = null;
  const stopListening = () => closing ??= listener.close();
  return {
    engine,
    address: formatAddress(listener.address),
    log: lines,
    tunnels: registry,
    workers: listener.workers,
    sockets: createSockets(diag),
    pass: manual.pass,
    get connections() {
      return door.connections.open;
    },
    get load() {
      return generations.report().reduce((n, { load }) => n + load, 0);
    },
    stopListening,
    endTunnels: () => registry.endAll("shutdown"),
    async [Symbol.asyncDispose]() {
      try {
        await eventually("the end of every tunnel, and every buffer back in its slab", () => {
          manual.pass(A_WHILE_MS);
          return registry.size === 0 && used() === 0;
        });
      } finally {
        await registry.endAll("shutdown");
        await stopListening();
        generations.close();
        await hosts.stop();
        await listener.closeLoop?.();
        await breather.close();
        diag.close();
        sweep.close();
        // A transport that saw an end while it sent has put off telling of it, to this turn of the event loop at the latest.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    },
  };
}

function configFor(
  engine: Engine,
  backend: string,
  { top = "", wstunnel = "", host = "" }: EndpointOptions,
): Config {
  const { hostname, port } = new URL(`tcp://${backend}`);
  // Of `loop` no configuration knows yet.
  const named = engine === "loop" ? "stream" : engine;
  const text = `engine = "${named}"\nlisten = "127.0.0.1:0"\n${top}\n[wstunnel]\n${wstunnel}\n` +
    `[[wstunnel.server."/"]]\nhost = "${hostname}"\nport = ${port}\n${host}\n`;
  const loaded = loadToml({ file: { path: "test.toml", text }, flags: [] });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

/** An engine, `stream` unless its configuration says otherwise, composed as the program composes it, in the test's own process: thousands of tunnels cost little. */
import { formatAddress } from "../../lib/base/address.ts";
import { createBreather } from "../../lib/base/breather.ts";
import { createSocketDiag } from "../../lib/sys/socket_diag.ts";
import { openLog } from "../../lib/base/logger.ts";
import { createHosts } from "../../lib/backend/hosts.ts";
import type { Config } from "../../lib/config/config.ts";
import { loadToml } from "../../lib/config/load.ts";
import { createDoor } from "../../lib/control/door.ts";
import { createGenerations } from "../../lib/control/generation.ts";
import { listenNative } from "../../lib/engine/native.ts";
import { listenStream } from "../../lib/engine/stream.ts";
import { createEvents, type Sink } from "../../lib/events/events.ts";
import { createLogSink } from "../../lib/events/log/sink.ts";
import { createRegistry, type OpenTunnel } from "../../lib/control/registry.ts";
import { createSweep } from "../../lib/engine/sweep.ts";
import { createBuffers } from "../../lib/engine/elastic_buffer.ts";
import { eventually } from "../support/eventually.ts";
import { createReadCount, type ReadCount } from "./read_count.ts";

/** Far shorter than the program's, so that look-ahead takes milliseconds. */
const TICK_MS = 20;

export interface EndpointOptions {
  /** Is told of everything, besides the log. */
  readonly sink?: Sink;
  /** Level of the log. @default 4 */
  readonly level?: number;
  /** Lines of TOML for the top, for `[wstunnel]` and for the host. */
  readonly top?: string;
  readonly wstunnel?: string;
  readonly host?: string;
}

export interface Endpoint extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  /** The log so far, a line an element, down to debug unless told otherwise; of the endpoint opened last. */
  readonly log: readonly string[];
  readonly tunnels: Iterable<OpenTunnel>;
  /** What the server has read of each client. */
  readonly readCount: ReadCount;
  /** Buffers in use. */
  readonly buffersUsed: number;
  /** Backends connected or being connected. */
  readonly load: number;
  /** Takes no more connections. */
  stopListening(): Promise<void>;
  /** Ends all tunnels as a server that shuts down does. */
  endTunnels(): Promise<void>;
  /** Checks that no tunnel is open and every buffer is back, then stops. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves every path from one backend, `host:port`. */
export function openEndpoint(backend: string, options: EndpointOptions = {}): Endpoint {
  const config = configFor(backend, options);
  const lines: string[] = [];
  const { level = 4 } = options;
  const log = openLog({ format: "text", level, write: (line) => lines.push(line.trimEnd()) });
  const registry = createRegistry();
  const buffers = createBuffers(config.bufferBytes);
  const breather = createBreather();
  const diag = createSocketDiag();
  const used = () => buffers.small.used + buffers.large.used;
  const readCount = createReadCount();
  const events = createEvents([createLogSink(log), ...(options.sink ? [options.sink] : [])]);
  const hosts = createHosts(events);
  const generations = createGenerations(config, hosts, events.emit);
  const door = createDoor({
    generations,
    registry,
    sweep: createSweep(TICK_MS),
    events,
    stopping: new AbortController().signal,
  });
  const listenAt = config.engine === "native" ? listenNative : listenStream;
  const listener = readCount.over(() =>
    listenAt(config.listen[0]!, door, { buffers, breather, diag, emit: events.emit })
  );
  let closing: Promise<void> | null = null;
  const stopListening = () => closing ??= listener.close();
  return {
    address: formatAddress(listener.address),
    log: lines,
    tunnels: registry,
    readCount,
    get buffersUsed() {
      return used();
    },
    get load() {
      return generations.report().reduce((n, { load }) => n + load, 0);
    },
    stopListening,
    endTunnels: () => registry.endAll("shutdown"),
    async [Symbol.asyncDispose]() {
      try {
        await eventually("the end of every tunnel", () => registry.size === 0);
        await eventually("every buffer back in its slab", () => used() === 0);
      } finally {
        await registry.endAll("shutdown");
        await stopListening();
        await hosts.stop();
        await breather.close();
        diag.close();
      }
    },
  };
}

function configFor(
  backend: string,
  { top = "", wstunnel = "", host = "" }: EndpointOptions,
): Config {
  const { hostname, port } = new URL(`tcp://${backend}`);
  const text = `listen = "127.0.0.1:0"\n${top}\n[wstunnel]\n${wstunnel}\n` +
    `[[wstunnel.server."/"]]\nhost = "${hostname}"\nport = ${port}\n${host}\n`;
  const loaded = loadToml({ file: { path: "test.toml", text }, flags: [] });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

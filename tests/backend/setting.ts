/** What the tests of the backends share: listening backends, configurations, a log that is kept. */
import type { Peer } from "../../lib/base/peer.ts";
import { listenAgain, listenOnOwnPort } from "../support/backends.ts";
import { closeQuietly } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import type { Address } from "../../lib/base/address.ts";
import type { Logger, OpenedLog } from "../../lib/base/logger.ts";
import type { ConnectRequest, ConnectResult, Lease, Pool } from "../../lib/backend/backend.ts";
import { createHosts } from "../../lib/backend/hosts.ts";
import { createPool as createRoutePool } from "../../lib/backend/pool.ts";
import type {
  ExecTarget,
  HostConfig,
  ProgramConfig,
  RouteConfig,
} from "../../lib/config/config.ts";
import { ANY_HOST, EXEC, PROGRAM } from "../../lib/config/host_keys.ts";
import { decode } from "../../lib/config/key.ts";
import { ROUTE } from "../../lib/config/keys.ts";
import { createEvents, type Events } from "../../lib/events/events.ts";
import { createLogSink } from "../../lib/events/log/sink.ts";

export interface LogLine {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Events whose log is kept, down to debug, or at the level of information. */
export function keptLog(
  level: "debug" | "info" | "warning" = "debug",
): { readonly events: Events; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine["level"]) => (message: string, fields = {}) =>
    void lines.push({ level, message, fields });
  const log: Logger & Pick<OpenedLog, "flushed"> = {
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    answer: at("info"),
    debug: at("debug"),
    debugs: level === "debug",
    informs: level !== "warning",
    flushed: () => Promise.resolve(),
  };
  return { events: createEvents([createLogSink(log)]), lines };
}

export function hostConfig(
  target: Address | ExecTarget,
  change: Partial<HostConfig> = {},
): HostConfig {
  return { target, ...decode(ANY_HOST, {}), ...change };
}

export function programConfig(
  command: readonly string[],
  change: Partial<ProgramConfig> = {},
): ProgramConfig {
  return { command, ...decode(PROGRAM, {}, "program"), ...change };
}

export function execTarget(
  command: readonly string[],
  change: Partial<ExecTarget> = {},
): ExecTarget {
  return {
    transport: "exec",
    command,
    ...decode(EXEC, {}, "exec"),
    maxProcs: 4,
    maxProcsPerClient: 0,
    ...change,
  };
}

export function route(...hosts: readonly HostConfig[]): RouteConfig {
  return {
    key: "/test",
    hosts,
    ...decode(ROUTE, {}),
    frameType: "binary",
    subprotocols: [],
  };
}

/** A pool that is alone with its hosts. */
export interface LonePool extends Pool {
  /** Starts the programs it keeps; resolves once they accept connections or are known not to. */
  start(): Promise<void>;
  /** Stops every program it started. */
  stop(): Promise<void>;
}

export function createPool(route: RouteConfig, events: Events): LonePool {
  const hosts = createHosts(events);
  const pool = createRoutePool(route, hosts, events.emit);
  hosts.adopt({}, new Map([[route.key, pool]]));
  return { ...pool, start: hosts.start, stop: hosts.stop };
}

/** Who asks, unless a test says otherwise. */
export const PEER: Peer = {
  address: "192.0.2.7",
  port: 7,
  name: "192.0.2.7:7",
  local: { transport: "tcp", hostname: "127.0.0.1", port: 8080 },
  secure: false,
};

export function request(change: Partial<ConnectRequest> = {}): ConnectRequest {
  return {
    peer: PEER,
    user: null,
    head: {
      method: "GET",
      target: "/test",
      version: "1.1",
      headers: new Headers({ host: "example.com" }),
    },
    secrets: [],
    authority: "example.com",
    path: "/test",
    origin: null,
    target: null,
    signal: new AbortController().signal,
    ...change,
  };
}

/** The lease of a connect that must succeed. */
export function leased(result: ConnectResult): Lease {
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.reason}`);
  return result.lease;
}

/** The failure of a connect that must not succeed. */
export function failed(result: ConnectResult) {
  if (!result.ok) return result.failure;
  end(result.lease);
  throw new Error(`connected to ${result.lease.backend}`);
}

export function end(lease: Lease): void {
  lease.connection.close();
  lease.release();
}

/** Sends a text and gives what comes back, of the same length or longer. */
export async function roundTrip({ connection }: Lease, text: string): Promise<string> {
  await connection.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(1024);
  let received = "";
  while (received.length < text.length) {
    const count = await connection.read(buffer);
    if (count === null) break;
    received += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return received;
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^[ZX]$/.test(stat.slice(stat.lastIndexOf(")") + 2)[0]!);
  } catch {
    return false;
  }
}

export interface ListeningBackend {
  readonly address: Address;
  /** Connections taken since it was made. */
  taken: number;
  /** Stops listening and drops its connections; resolves once the runtime has let go of the address, which takes it a turn. */
  close(): Promise<void>;
}

/** Echoes what it is sent, on a free port, where another may follow it, or on a given address. */
export function listen(address?: Address): ListeningBackend {
  const listener = address === undefined
    ? listenOnOwnPort((port) => Deno.listen({ hostname: "127.0.0.1", port }))
    : address.transport === "tcp"
    ? listenAgain(() => Deno.listen({ hostname: address.hostname, port: address.port }))
    : Deno.listen({ transport: "unix", path: address.path });
  const connections = new Set<Deno.Conn>();
  const bound = listener.addr;
  const backend: ListeningBackend = {
    address: bound.transport === "tcp"
      ? { transport: "tcp", hostname: bound.hostname, port: bound.port }
      : address!,
    taken: 0,
    close() {
      listener.close();
      for (const connection of connections) connection.close();
      return accepting;
    },
  };
  const accepting = (async () => {
    for await (const connection of listener) {
      backend.taken++;
      connections.add(connection);
      echo(connection).finally(() => {
        if (connections.delete(connection)) closeQuietly(connection);
      });
    }
  })();
  return backend;
}

async function echo(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(16384);
  try {
    for (let count; (count = await connection.read(buffer)) !== null;) {
      for (let at = 0; at < count;) at += await connection.write(buffer.subarray(at, count));
    }
  } catch {
    // The peer, or close(), ended it.
  }
}

/** Waits until `condition` holds; fails after the deadline, naming what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs?: number,
): Promise<void> {
  await eventually(what, condition, deadlineMs);
}

/**
 * What is so just now, and needs no counting: read when somebody asks.
 *
 * @module
 */
import type { ProcReport, TunnelIdentity } from "../event.ts";
import { each, named, one, type Sample } from "./text.ts";

/** An open tunnel. */
export interface TunnelGauge extends Pick<TunnelIdentity, "route" | "backend" | "isTarget"> {
  readonly flow: {
    /** Payload bytes so far. */
    readonly upBytes: number;
    readonly downBytes: number;
    /** The backend, or the client, has yet to take what the other one sent. */
    readonly upWaits: boolean;
    readonly downWaits: boolean;
  };
  /** Bytes held until the backend takes them, and the client. */
  readonly upResidue: number;
  readonly downResidue: number;
}

/** The program as it is; what nobody knows is null. */
export interface Gauges {
  readonly build: { readonly version: string; readonly commit: string; readonly deno: string };
  /** The engine that the configuration asks for. */
  readonly engine: string;
  readonly phase: string;
  readonly tunnels: Iterable<TunnelGauge>;
  readonly backends: readonly ProcReport[];
  /** Of clients; `pending` ones are among those that are `open`. */
  readonly connections: { readonly open: number; readonly pending: number };
  /** Bytes of the receive buffers in use, by their sizes. */
  readonly buffers: { readonly small: number; readonly large: number };
  readonly certificates: readonly {
    readonly path: string;
    /** Unix time in milliseconds. */
    readonly expires: number;
  }[];
  readonly process: {
    readonly cpuSeconds: number;
    readonly residentBytes: number;
    /** Unix time. */
    readonly startSeconds: number;
    readonly openDescriptors: number | null;
    readonly maxDescriptors: number | null;
  };
}

/** Those of which `wstunnel_phase` has a series. */
const PHASES = ["starting", "serving", "draining"];

/** Those of which `wstunnel_backend_state` has one for each backend. */
export const BACKEND_STATES: readonly string[] = [
  ...["up", "disabled", "failed", "full", "draining"],
  ...["starting", "foreign", "stopped", "stopping", "dead", "backoff"],
];

export function gaugeSamples(gauges: Gauges) {
  const { build, engine, phase, connections, buffers, certificates, process } = gauges;
  const { open, pending } = connections;
  return {
    wstunnel_build_info: [[[build.version, build.commit, build.deno, engine], 1] as Sample],
    wstunnel_phase: PHASES.map((one): Sample => [[one], one === phase ? 1 : 0]),
    ...tunnelSamples(gauges.tunnels),
    wstunnel_buffer_bytes: named(buffers),
    wstunnel_connections: named({ pending, in: open - pending }),
    ...backendSamples(gauges.backends),
    wstunnel_certificate_expiry_timestamp_seconds: named(
      Object.fromEntries(certificates.map(({ path, expires }) => [path, expires / 1000])),
    ),
    process_cpu_seconds_total: one(process.cpuSeconds),
    process_resident_memory_bytes: one(process.residentBytes),
    process_open_fds: known(process.openDescriptors),
    process_max_fds: known(process.maxDescriptors),
    process_start_time_seconds: one(process.startSeconds),
  };
}

function known(value: number | null): Sample[] {
  return value === null ? [] : one(value);
}

function tunnelSamples(tunnels: Iterable<TunnelGauge>) {
  const waiting = { client: 0, backend: 0 };
  const residue = { client: 0, backend: 0 };
  for (const { flow, upResidue, downResidue } of tunnels) {
    if (flow.upWaits) waiting.backend++;
    if (flow.downWaits) waiting.client++;
    residue.backend += upResidue;
    residue.client += downResidue;
  }
  return { wstunnel_tunnels_waiting: named(waiting), wstunnel_residue_bytes: named(residue) };
}

/** A backend that a route has twice is one here. */
interface BackendGauge {
  readonly states: Set<string>;
  load: number;
  served: number;
  failures: number;
}

/** Without targets, of which there may be any number, and without the programs that are there for a tunnel each: their backend has a row of its own. */
function backendSamples(rows: readonly ProcReport[]) {
  const backends = new Map<string, readonly [labels: readonly string[], BackendGauge]>();
  for (const { route, backend, isTarget, pid, ...row } of rows) {
    if (isTarget || (backend.startsWith("exec:") && pid !== null)) continue;
    const key = `${route}\0${backend}`;
    const [labels, gauge] = backends.get(key) ??
      [[route, backend], { states: new Set(), load: 0, served: 0, failures: 0 }];
    backends.set(key, [labels, gauge]);
    gauge.states.add(row.state);
    gauge.load += row.load;
    gauge.served += row.tunnelsServed;
    gauge.failures += row.failures;
  }
  const all = [...backends.values()];
  return {
    wstunnel_backend_state: all.flatMap(([labels, { states }]) =>
      BACKEND_STATES.map((state): Sample => [[...labels, state], states.has(state) ? 1 : 0])
    ),
    wstunnel_backend_load: each(all, ({ load }) => load),
    wstunnel_backend_tunnels_served_total: each(all, ({ served }) => served),
    wstunnel_backend_failures_total: each(all, ({ failures }) => failures),
  };
}

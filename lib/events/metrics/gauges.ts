/**
 * What is so just now, and needs no counting: read when somebody asks.
 *
 * @module
 */
import type { ProcReport, TunnelIdentity } from "../event.ts";
import { named, one, type Sample } from "./text.ts";

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
  /** What carries the tunnels of plain listeners; never `auto`. */
  readonly engine: string;
  readonly phase: string;
  readonly tunnels: Iterable<TunnelGauge>;
  readonly backends: readonly ProcReport[];
  /** Of clients; `pending` ones are among those that are `open`. */
  readonly connections: { readonly open: number; readonly pending: number };
  /** Tunnels that each worker carries, the first one's first. */
  readonly workerLoads: readonly number[];
  /** Bytes of the receive buffers in use, by their sizes. */
  readonly buffers: { readonly small: number; readonly large: number };
  readonly certificates: readonly {
    readonly path: string;
    /** Unix time in milliseconds. */
    readonly expires: number;
  }[];
  /** Lines of the log that were dropped. */
  readonly droppedLines: number;
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

export function gaugeSamples(gauges: Gauges) {
  const { build, engine, phase, connections, buffers, certificates, process } = gauges;
  const { open, pending } = connections;
  return {
    wstunnel_build_info: [[[build.version, build.commit, build.deno, engine], 1] as Sample],
    wstunnel_phase: PHASES.map((one): Sample => [[one], one === phase ? 1 : 0]),
    ...tunnelSamples(gauges.tunnels),
    wstunnel_buffer_bytes: named(buffers),
    wstunnel_connections: named({ pending, in: open - pending }),
    wstunnel_worker_tunnels: gauges.workerLoads.map((load, at): Sample => [[String(at + 1)], load]),
    wstunnel_certificate_expiry_timestamp_seconds: named(
      Object.fromEntries(certificates.map(({ path, expires }) => [path, expires / 1000])),
    ),
    wstunnel_log_lines_dropped_total: one(gauges.droppedLines),
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

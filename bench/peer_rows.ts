/** The rows that are compared with lighttpd, and what each is to reach beside its newest version. */
import type { Load, LoadResult } from "./load.ts";

/** A row of traffic. */
export interface TrafficRow {
  /** What `--row` takes. */
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  readonly unit: "MB/s" | "messages/s" | "round trips/s" | "connections/s";
  /** Least ratio of the speeds, ours/theirs. */
  readonly wanted: number;
  /** The ratio of the slowest hundredth's times, ours/theirs, is to be under it. */
  readonly wantedP99?: number;
}

const bulk = (name: string, title: string, wanted: number, load: Load): TrafficRow => ({
  name,
  title,
  load,
  unit: "MB/s",
  wanted,
});

const trips = (tunnels: number, wanted: number): TrafficRow => ({
  name: `rtt-x${tunnels}`,
  title: `64-byte round trips x${tunnels}`,
  load: { mode: "rtt", tunnels, size: 64 },
  unit: "round trips/s",
  wanted,
});

/** In the order they are printed. */
export const TRAFFIC_ROWS: readonly TrafficRow[] = [
  bulk("up-64k-x1", "upload 64 KiB x1", 2.2, { mode: "up", tunnels: 1, size: 65536 }),
  bulk("up-4k-x8", "upload 4 KiB x8", 1.6, { mode: "up", tunnels: 8, size: 4096 }),
  bulk("down-x1", "download x1", 2.1, { mode: "down", tunnels: 1, size: 262144 }),
  bulk("down-x8", "download x8", 2, { mode: "down", tunnels: 8, size: 262144 }),
  bulk("echo-64k-x1", "echo 64 KiB x1", 1.8, { mode: "echo", tunnels: 1, size: 65536 }),
  bulk("echo-4k-x16", "echo 4 KiB x16", 2, { mode: "echo", tunnels: 16, size: 4096 }),
  bulk("echo-1k-x64", "echo 1 KiB x64", 1.3, { mode: "echo", tunnels: 64, size: 1024 }),
  {
    name: "echo-64-x64",
    title: "echo 64 B x64",
    load: { mode: "echo", tunnels: 64, size: 64 },
    unit: "messages/s",
    wanted: 1.5,
  },
  trips(1, 1.05),
  trips(64, 1.3),
  { ...trips(1000, 1.5), wantedP99: 1 },
  {
    name: "conn",
    title: "connections opened, used once, closed",
    load: { mode: "conn", tunnels: 1, size: 64 },
    unit: "connections/s",
    wanted: 1.2,
  },
];

/** What `--row` takes for the memory of idle tunnels. */
export const MEMORY_ROW = "memory";

/** What `--row` takes for the memory that a burst leaves behind. */
export const BURST_ROW = "burst";

/** Most bytes a burst is to leave behind. */
export const BURST_LEFT_BYTES = 10 * 2 ** 20;

/** All that `--row` takes. */
export const ROW_NAMES: readonly string[] = [
  ...TRAFFIC_ROWS.map(({ name }) => name),
  MEMORY_ROW,
  BURST_ROW,
];

/** Most bytes an idle tunnel is to take. */
export const IDLE_TUNNEL_BYTES = 6 * 1024;

/** Megabytes, messages, round trips or connections a second. */
export function speed(row: TrafficRow, result: LoadResult): number {
  return row.unit === "MB/s" ? result.bytesPerS / 1e6 : result.perS;
}

/** CPU time of the server: seconds for a gigabyte, or microseconds for a message, a round trip or a connection. */
export function cpuCost(row: TrafficRow, { bytes, messages, targetCpuS }: LoadResult): number {
  return row.unit === "MB/s" ? targetCpuS / (bytes / 1e9) : targetCpuS * 1e6 / messages;
}

/** Whether its results say how long the things that it counts took. */
export function hasLatencies({ load }: TrafficRow): boolean {
  return load.mode === "rtt" || load.mode === "conn";
}

/** The rows that are compared with lighttpd, and what each must reach. */
import type { Load, LoadResult } from "./load.ts";

/** A row of traffic. */
export interface TrafficRow {
  /** What `--row` takes. */
  name: string;
  title: string;
  load: Load;
  unit: "MB/s" | "round trips/s" | "connections/s";
  /** Least ratio ours/theirs. */
  target: number;
}

const bulk = (name: string, title: string, target: number, load: Load): TrafficRow => ({
  name,
  title,
  load,
  unit: "MB/s",
  target,
});

const trips = (tunnels: number, target: number): TrafficRow => ({
  name: `rtt-x${tunnels}`,
  title: `64-byte round trips x${tunnels}`,
  load: { mode: "rtt", tunnels, size: 64 },
  unit: "round trips/s",
  target,
});

/** In the order they are printed. */
export const TRAFFIC_ROWS: TrafficRow[] = [
  bulk("up-64k-x1", "upload 64 KiB x1", 4.5, { mode: "up", tunnels: 1, size: 65536 }),
  bulk("up-4k-x8", "upload 4 KiB x8", 4, { mode: "up", tunnels: 8, size: 4096 }),
  bulk("down-x1", "download x1", 2.2, { mode: "down", tunnels: 1, size: 262144 }),
  bulk("down-x8", "download x8", 2.5, { mode: "down", tunnels: 8, size: 262144 }),
  bulk("echo-64k-x1", "echo 64 KiB x1", 3, { mode: "echo", tunnels: 1, size: 65536 }),
  bulk("echo-4k-x16", "echo 4 KiB x16", 3, { mode: "echo", tunnels: 16, size: 4096 }),
  bulk("echo-1k-x64", "echo 1 KiB x64", 1.2, { mode: "echo", tunnels: 64, size: 1024 }),
  bulk("echo-64-x64", "echo 64 B x64", 1.2, { mode: "echo", tunnels: 64, size: 64 }),
  trips(1, 1.1),
  trips(64, 1.1),
  trips(1000, 1.3),
  {
    name: "conn",
    title: "connections opened, used once, closed",
    load: { mode: "conn", tunnels: 1, size: 64 },
    unit: "connections/s",
    target: 1.2,
  },
];

/** What `--row` takes for the memory of idle tunnels. */
export const MEMORY_ROW = "memory";

/** Most bytes an idle tunnel may take. */
export const IDLE_TUNNEL_TARGET_BYTES = 14 * 1024;

/** Megabytes, round trips or connections a second. */
export function speed(row: TrafficRow, result: LoadResult): number {
  return row.unit === "MB/s" ? result.bytesPerS / 1e6 : result.perS;
}

/** CPU seconds of the server for a gigabyte, or for a thousand round trips or connections. */
export function cpuCost(row: TrafficRow, result: LoadResult): number {
  const work = row.unit === "MB/s" ? result.bytes / 1e9 : result.messages / 1e3;
  return result.targetCpuS / work;
}

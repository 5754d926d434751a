/** What a server might have said, for tests of `top` and of tables. */
import type { BackendRow, Sample, TunnelRow } from "../../lib/control/admin/shapes.ts";
import { beginTop, type Seen, type Size, type TopState } from "../../lib/cli/top/state.ts";

export function tunnelRow(id: number, more: Partial<TunnelRow> = {}): TunnelRow {
  return {
    id,
    client: `10.0.0.${id}:5000`,
    route: "/",
    path: "/",
    backend: "127.0.0.1:1",
    seconds: 5,
    up: 0,
    down: 0,
    upRate: 0,
    downRate: 0,
    waits: null,
    ...more,
  };
}

export function backendRow(backend: string, more: Partial<BackendRow> = {}): BackendRow {
  return {
    route: "/",
    backend,
    state: "up",
    drained: false,
    load: 0,
    tunnelsServed: 0,
    failures: 0,
    ...more,
  };
}

export function sample(seconds: number, more: Partial<Sample> = {}): Sample {
  const none = { tunnels: 0, opened: 0, refused: 0, up: 0, down: 0, lagMs: 0, backends: {} };
  return { time: seconds * 1000, ...none, ...more };
}

export const NOW_MS = 1_000_000_000;

export function seenOf(tunnels: readonly TunnelRow[], backends: readonly BackendRow[] = []): Seen {
  return {
    status: {
      version: "1.2.3",
      pid: 77,
      phase: "serving",
      started: NOW_MS - 125_000,
      listeners: [{ address: "127.0.0.1:8080", engine: "stream", tls: false }],
      reloaded: null,
    },
    tunnels,
    backends,
  };
}

export function stateOf(seen: Seen, size: Size = { columns: 80, rows: 24 }): TopState {
  return beginTop(seen, size, NOW_MS);
}

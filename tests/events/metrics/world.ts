/** Metrics in the test's own process, of events that the test makes up. */
import type { Cause } from "../../../lib/tunnel/cause.ts";
import type { Event, ProcReport, TunnelIdentity } from "../../../lib/events/event.ts";
import type { Gauges } from "../../../lib/events/metrics/gauges.ts";
import { createMetrics } from "../../../lib/events/metrics/metrics.ts";
import { peerWords } from "../../../lib/events/words.ts";

export const BACKEND: ProcReport = {
  route: "/a",
  backend: "127.0.0.1:1",
  state: "up",
  load: 0,
  pid: null,
  tunnelsServed: 0,
  failures: 0,
  disabledUntil: null,
};

export const GAUGES: Gauges = {
  build: { version: "1.2.3", commit: "abc", deno: "2.9.6" },
  engine: "stream",
  phase: "serving",
  tunnels: [],
  backends: [],
  connections: { open: 3, pending: 1 },
  workerLoads: [2, 1],
  buffers: { small: 1024, large: 0 },
  certificates: [{ path: "/etc/cert.pem", expires: 1_800_000_000_500 }],
  droppedLines: 4,
  process: {
    cpuSeconds: 1.5,
    residentBytes: 5e7,
    startSeconds: 1.7e9,
    openDescriptors: 20,
    maxDescriptors: 1024,
  },
};

/** A tunnel that is open. */
export interface Opened {
  readonly names: TunnelIdentity;
  readonly flow: { upBytes: number; downBytes: number; upWaits: boolean; downWaits: boolean };
}

export function createWorld() {
  const metrics = createMetrics();
  const open = new Set<Opened>();
  let lastId = 0;
  const tell = (event: Event) => metrics.sink.take(event);
  return {
    metrics,
    tell,
    open(route: string, backend: string, isTarget = false): Opened {
      const asked = { path: peerWords("/"), host: peerWords("h"), origin: undefined };
      const names: TunnelIdentity = {
        ...{ id: ++lastId, client: "192.0.2.1:1", user: null, pid: undefined },
        ...{ route, asked, backend, isTarget },
      };
      const flow = { upBytes: 0, downBytes: 0, upWaits: false, downWaits: false };
      const opened = { names, flow };
      open.add(opened);
      tell({ kind: "tunnel-opened", ...names, handshakeSeconds: 0.002 });
      return opened;
    },
    close(opened: Opened, cause: Cause = "client-close"): void {
      open.delete(opened);
      const { names, flow: { upBytes, downBytes } } = opened;
      const ended = { cause, code: 1000, reason: peerWords("") };
      tell({ kind: "tunnel-closed", ...names, seconds: 1, upBytes, downBytes, ...ended });
    },
    text(gauges: Partial<Gauges> = {}): string {
      const tunnels = [...open].map(({ names: { route, backend, isTarget }, flow }) => ({
        ...{ route, backend, isTarget, flow },
        upResidue: flow.upWaits ? 10 : 0,
        downResidue: flow.downWaits ? 20 : 0,
      }));
      return metrics.text({ ...GAUGES, tunnels, ...gauges });
    },
  };
}

/** Tells one of everything that is counted, so that no family is without a series. */
export function tellAll({ tell, open, close, metrics }: ReturnType<typeof createWorld>): void {
  close(open("/a", "127.0.0.1:1"), "operator");
  const client = "192.0.2.1:1";
  const program = "exec:/bin/cat";
  const reason = peerWords("no");
  tell({
    ...{ kind: "request-refused", client, asked: null, route: null, cause: "head", status: 400 },
    ...{ reason, why: undefined, handshakeSeconds: 12 },
  });
  const asked = { path: peerWords("/"), host: undefined, origin: undefined };
  tell({
    ...{ kind: "file-asked", client, user: null, route: null, method: peerWords("GET"), asked },
    ...{ status: 200, bytes: 12, end: "sent", seconds: 0.001 },
  });
  tell({
    ...{ kind: "client-left", client, user: null, route: "/a", asked, backend: program },
    ...{ isTarget: false, pid: 1 },
  });
  tell({ kind: "connection-dropped", client, limit: "max-pending", pending: true });
  tell({ kind: "tls-refused", client, via: undefined, reason });
  tell({ kind: "proxy-header-refused", client, reason: "none" });
  tell({ kind: "dialled", backend: "127.0.0.1:1", outcome: "connected", seconds: 0.001 });
  tell({ kind: "process-started", program, pid: 1 });
  tell({
    ...{ kind: "process-ended", program, pid: 1, asked: false },
    exit: { code: 0, signal: null },
  });
  tell({ kind: "reloaded", changes: 1 });
  tell({ kind: "defect", error: new Error("a defect") });
  metrics.late(3);
}

/** The series of a text, by name and labels as they stand there. */
export function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.trimEnd().split("\n").filter((line) => !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

/** Of all series of a name the sum. */
export function sumOf(series: ReadonlyMap<string, number>, name: string, ...having: string[]) {
  return [...series].filter(([key]) =>
    (key === name || key.startsWith(`${name}{`)) && having.every((part) => key.includes(part))
  ).reduce((sum, [, value]) => sum + value, 0);
}

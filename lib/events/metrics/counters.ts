/**
 * What is counted of the events: a number or two for each, kept apart by labels of which there are few.
 *
 * | label | values |
 * |---|---|
 * | `route` | keys of the configuration |
 * | `backend` | hosts by their names; `target` for all targets of a route, of which there may be any number |
 * | `cause`, `status`, `limit`, `outcome`, `exit` | ours |
 *
 * No peer chooses any of them. Of routes and backends that were configured once and are no more, and of which no tunnel is open, no more are kept
 * than there may be series in all: `series.ts` says how many.
 *
 * @module
 */
import type { Exit } from "../../base/exit.ts";
import type { Cause } from "../../tunnel/cause.ts";
import type { DialOutcome, Event, EventKind, EventOf, TunnelIdentity } from "../event.ts";
import { Histogram } from "./histogram.ts";
import { createCounts, createSeries } from "./series.ts";

/** A route's tunnels to a backend. */
export interface TunnelCounts {
  /** It was at the last look. */
  isConfigured: boolean;
  open: number;
  opened: number;
  /** Of those that are over. */
  upBytes: number;
  downBytes: number;
  readonly closed: Map<Cause, number>;
}

/** The processes of a backend. */
interface ProgramCounts {
  running: number;
  started: number;
  restarted: number;
  /** One has ended by itself, or could not be started, and none is up. */
  isOut: boolean;
}

export type Counters = ReturnType<typeof createCounters>;

export function createCounters() {
  return {
    opened: 0,
    refused: 0,
    defects: 0,
    tunnels: createSeries<TunnelCounts>(
      () => ({
        ...{ isConfigured: false, open: 0, opened: 0, upBytes: 0, downBytes: 0 },
        closed: new Map(),
      }),
      ({ isConfigured, open }) => !isConfigured && open === 0,
    ),
    refusals: createCounts(),
    files: createSeries(() => ({ n: 0, bytes: 0 })),
    left: createCounts(),
    dropped: createCounts(),
    failed: createCounts(),
    programs: createSeries<ProgramCounts>(
      () => ({ running: 0, started: 0, restarted: 0, isOut: false }),
      ({ running }) => running === 0,
    ),
    ended: createCounts(),
    handshakes: { opened: new Histogram(), refused: new Histogram() },
    dials: new Map<DialOutcome, Histogram>(),
    lag: new Histogram(),
    reloads: { taken: 0, refused: 0, lastTaken: true, takenMs: Date.now() },
  };
}

/** The labels of a tunnel. */
export function labelsOf(
  { route, backend, isTarget }: Pick<TunnelIdentity, "route" | "backend" | "isTarget">,
) {
  return [route, isTarget ? "target" : backend] as const;
}

/** What is configured has counts from the beginning, since what Prometheus sees first is no increase to it, and keeps them. */
export function keepConfigured(
  { tunnels }: Counters,
  backends: readonly (readonly [route: string, backend: string])[],
): void {
  for (const [, counts] of tunnels) counts.isConfigured = false;
  for (const labels of backends) tunnels.at(...labels).isConfigured = true;
}

/** Counts an event, if it is of a kind that is counted. */
export function count(counters: Counters, event: Event): void {
  const counting = COUNTING[event.kind] as ((counters: Counters, event: Event) => void) | undefined;
  counting?.(counters, event);
}

type Counting = {
  readonly [Kind in EventKind]?: (counters: Counters, event: EventOf<Kind>) => void;
};

const COUNTING: Counting = {
  "tunnel-opened"(counters, event) {
    const tunnels = counters.tunnels.at(...labelsOf(event));
    counters.opened++;
    tunnels.opened++;
    tunnels.open++;
    counters.handshakes.opened.observe(event.handshakeSeconds);
  },
  "tunnel-closed"(counters, event) {
    const { cause, upBytes, downBytes } = event;
    const tunnels = counters.tunnels.at(...labelsOf(event));
    tunnels.open--;
    tunnels.upBytes += upBytes;
    tunnels.downBytes += downBytes;
    tunnels.closed.set(cause, (tunnels.closed.get(cause) ?? 0) + 1);
  },
  "request-refused"(counters, { route, status, cause, handshakeSeconds }) {
    counters.refused++;
    counters.refusals.at(route ?? "", String(status), cause).n++;
    counters.handshakes.refused.observe(handshakeSeconds);
  },
  "file-asked"({ files }, { route, status, bytes }) {
    const counts = files.at(route ?? "", String(status));
    counts.n++;
    counts.bytes += bytes;
  },
  "client-left": ({ left }, { route }) => void left.at(route).n++,
  "connection-dropped": ({ dropped }, { limit }) => void dropped.at(limit).n++,
  "tls-refused": ({ failed }) => void failed.at("tls").n++,
  "proxy-header-refused": ({ failed }) => void failed.at("proxy").n++,
  "dialled"({ dials }, { outcome, seconds }) {
    const times = dials.get(outcome) ?? new Histogram();
    dials.set(outcome, times);
    times.observe(seconds);
  },
  "process-started"({ programs }, { program }) {
    const counts = programs.at(program);
    counts.running++;
    counts.started++;
    if (counts.isOut) counts.restarted++;
  },
  "process-ended"({ programs, ended }, { program, exit, asked }) {
    programs.at(program).running--;
    ended.at(program, asked ? "stopped" : exitKind(exit)).n++;
  },
  "program-started": ({ programs }, { program }) => void (programs.at(program).isOut = false),
  "program-failed": ({ programs }, { program }) => void (programs.at(program).isOut = true),
  "program-ended": ({ programs }, { program }) => void (programs.at(program).isOut = true),
  "reloaded"({ reloads }) {
    reloads.taken++;
    reloads.lastTaken = true;
    reloads.takenMs = Date.now();
  },
  "reload-refused"({ reloads }) {
    reloads.refused++;
    reloads.lastTaken = false;
  },
  "defect": (counters) => void counters.defects++,
};

function exitKind({ code, signal }: Exit): string {
  if (signal !== null) return "signal";
  return code === 0 ? "success" : "failure";
}

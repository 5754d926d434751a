/**
 * The backends' table as metrics have it: those that are configured, or have yet to end.
 *
 * @module
 */
import type { ProcReport } from "../event.ts";
import { each, type Sample } from "./text.ts";

/** What of a backend is told, by the labels of its route and its name; one that a route has twice is one here. */
export interface BackendGauge {
  readonly states: Set<string>;
  isDrained: boolean;
  load: number;
  served: number;
  failures: number;
}

export type Backend = readonly [labels: readonly [route: string, backend: string], BackendGauge];

/** Those of which `wstunnel_backend_state` has a series for each backend. */
export const BACKEND_STATES: readonly string[] = [
  ...["up", "disabled", "failed", "full", "draining"],
  ...["starting", "foreign", "stopped", "stopping", "dead", "backoff"],
];

/** Without targets, of which there may be any number, and without the processes of a program that is started for each tunnel: it has a row of its own. */
export function backendsOf(rows: readonly ProcReport[]): Backend[] {
  const backends = new Map<string, Backend>();
  for (const { route, backend, isTarget, pid, ...row } of rows) {
    if (isTarget || (backend.startsWith("exec:") && pid !== null)) continue;
    const key = `${route}\0${backend}`;
    const entry: Backend = backends.get(key) ??
      [[route, backend], { states: new Set(), isDrained: false, load: 0, served: 0, failures: 0 }];
    backends.set(key, entry);
    const [, gauge] = entry;
    gauge.states.add(row.state);
    gauge.isDrained ||= row.drained ?? false;
    gauge.load += row.load;
    gauge.served += row.tunnelsServed;
    gauge.failures += row.failures;
  }
  return [...backends.values()];
}

export function backendSamples(backends: readonly Backend[]) {
  return {
    wstunnel_backend_state: backends.flatMap(([labels, { states }]) =>
      BACKEND_STATES.map((state): Sample => [[...labels, state], states.has(state) ? 1 : 0])
    ),
    wstunnel_backend_drained: each(backends, ({ isDrained }) => isDrained ? 1 : 0),
    wstunnel_backend_load: each(backends, ({ load }) => load),
    wstunnel_backend_tunnels_served_total: each(backends, ({ served }) => served),
    wstunnel_backend_failures_total: each(backends, ({ failures }) => failures),
  };
}

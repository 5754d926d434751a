/**
 * What is seen of the program while somebody may ask: two sinks of events, and the event loop.
 *
 * @module
 */
import type { Events } from "../../events/events.ts";
import { createMetrics, type Metrics } from "../../events/metrics/metrics.ts";
import { watchLoop } from "../loop_lag.ts";
import type { Server } from "../server.ts";
import { createMonitor, type Monitor } from "./monitor.ts";

export interface Watch {
  readonly monitor: Monitor;
  /** They count on while nobody may ask. */
  readonly metrics: Metrics;
  start(): void;
  stop(): void;
}

/** Sees what happens from now on. */
export function createWatch({ registry, report }: Server, events: Events): Watch {
  const metrics = createMetrics(registry);
  const monitor = createMonitor({ registry, backends: report });
  events.add(metrics.sink);
  events.add(monitor.sink);
  let stopLooking: (() => void) | null = null;
  return {
    monitor,
    metrics,
    start() {
      monitor.start();
      stopLooking ??= watchLoop((lateMs) => {
        metrics.late(lateMs);
        monitor.late(lateMs);
      });
    },
    stop() {
      monitor.stop();
      stopLooking?.();
      stopLooking = null;
    },
  };
}

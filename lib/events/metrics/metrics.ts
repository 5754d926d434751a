/**
 * Metrics as a sink of events: what is counted there, with what is so just now, is what Prometheus is told.
 *
 * @module
 */
import type { Sink } from "../events.ts";
import { backendSamples, backendsOf } from "./backends.ts";
import {
  count,
  type Counters,
  createCounters,
  keepConfigured,
  labelsOf,
  type TunnelCounts,
} from "./counters.ts";
import { type Gauges, gaugeSamples, type TunnelGauge } from "./gauges.ts";
import { each, formatMetrics, named, one, type Sample } from "./text.ts";

export interface Metrics {
  /** To be added before the first tunnel is opened, or told which there are. */
  readonly sink: Sink;
  /** Tunnels that were opened in all. */
  readonly opened: number;
  /** Requests that were refused in all. */
  readonly refused: number;
  /** The event loop was so late at a look. */
  late(lateMs: number): void;
  /** What is answered to a scrape. */
  text(gauges: Gauges): string;
}

/** `open`: tunnels that are open already. */
export function createMetrics(open: Iterable<TunnelGauge> = []): Metrics {
  const counters = createCounters();
  for (const tunnel of open) {
    const tunnels = counters.tunnels.at(...labelsOf(tunnel));
    tunnels.open++;
    tunnels.opened++;
    counters.opened++;
  }
  return {
    sink: { take: (event) => count(counters, event), wants: () => false },
    get opened() {
      return counters.opened;
    },
    get refused() {
      return counters.refused;
    },
    late: (lateMs) => counters.lag.observe(lateMs / 1000),
    text(gauges) {
      const backends = backendsOf(gauges.backends);
      keepConfigured(counters, backends.map(([labels]) => labels));
      return formatMetrics({
        ...counterSamples(counters, gauges.tunnels),
        ...gaugeSamples(gauges),
        ...backendSamples(backends),
      });
    },
  };
}

function counterSamples(counters: Counters, open: Iterable<TunnelGauge>) {
  const { refusals, left, dropped, failed, programs, ended, handshakes, reloads } = counters;
  return {
    ...tunnelSamples(counters, open),
    wstunnel_handshake_seconds: named(handshakes),
    wstunnel_requests_refused_total: each(refusals, ({ n }) => n),
    wstunnel_files_asked_total: each(counters.files, ({ n }) => n),
    wstunnel_file_bytes_total: each(counters.files, ({ bytes }) => bytes),
    wstunnel_clients_left_total: each(left, ({ n }) => n),
    wstunnel_connections_dropped_total: each(dropped, ({ n }) => n),
    wstunnel_connections_failed_total: each(failed, ({ n }) => n),
    wstunnel_dial_seconds: named(Object.fromEntries(counters.dials)),
    wstunnel_programs_running: each(programs, ({ running }) => running),
    wstunnel_programs_started_total: each(programs, ({ started }) => started),
    wstunnel_programs_restarted_total: each(programs, ({ restarted }) => restarted),
    wstunnel_programs_ended_total: each(ended, ({ n }) => n),
    wstunnel_config_reloads_total: named({ taken: reloads.taken, refused: reloads.refused }),
    wstunnel_config_last_reload_successful: one(reloads.lastTaken ? 1 : 0),
    wstunnel_config_last_reload_success_timestamp_seconds: one(reloads.takenMs / 1000),
    wstunnel_event_loop_lag_seconds: one(counters.lag),
    wstunnel_defects_total: one(counters.defects),
  };
}

/**
 * What has gone through a tunnel is added to what has gone through others in the step that ends it: it is counted once at each scrape, and the sum
 * never falls.
 */
function tunnelSamples({ tunnels }: Counters, open: Iterable<TunnelGauge>) {
  const flowing = new Map<TunnelCounts, { up: number; down: number }>();
  for (const tunnel of open) {
    const counts = tunnels.at(...labelsOf(tunnel));
    const sum = flowing.get(counts) ?? { up: 0, down: 0 };
    flowing.set(counts, sum);
    sum.up += tunnel.flow.upBytes;
    sum.down += tunnel.flow.downBytes;
  }
  return {
    wstunnel_tunnels_open: each(tunnels, ({ open }) => open),
    wstunnel_tunnels_opened_total: each(tunnels, ({ opened }) => opened),
    wstunnel_tunnels_closed_total: [...tunnels].flatMap(([labels, { closed }]) =>
      [...closed].map(([cause, n]): Sample => [[...labels, cause], n])
    ),
    wstunnel_tunnel_bytes_total: [...tunnels].flatMap(([labels, counts]): Sample[] => {
      const { up, down } = flowing.get(counts) ?? { up: 0, down: 0 };
      return [
        [[...labels, "up"], counts.upBytes + up],
        [[...labels, "down"], counts.downBytes + down],
      ];
    }),
  };
}

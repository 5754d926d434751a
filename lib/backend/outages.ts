/**
 * What is told of the hosts of a route that can't be connected: once for each outage, however many requests meet it.
 *
 * @module
 */
import { isShortage, type Shortage } from "../base/exhaustion.ts";
import type { Emit } from "../events/events.ts";
import type { ConnectFailure } from "./backend.ts";
import type { Host } from "./host.ts";

/** A shortage that nobody has met for so long is over: while it lasts, connects succeed and fail in turn as something is given back. */
const SHORTAGE_OVER_MS = 60_000;

export interface Outages {
  failed(host: Host, reason: string): void;
  /** We have run out of what it takes to connect. */
  short(host: Host, shortage: Shortage, reason: string): void;
  recovered(host: Host): void;
  /** What to answer when no host took the request; without `failures`, all of them were still disabled. */
  summed(failures: readonly ConnectFailure[]): ConnectFailure;
}

export function createOutages(
  route: string,
  hosts: readonly Host[],
  emit: Emit,
): Outages {
  const down = new Set<Host>();
  let allDown = false;
  let shortAt = -Infinity;
  const only = hosts.length === 1;

  return {
    failed(host, reason) {
      if (!down.has(host)) {
        emit({ kind: "host-down", route, backend: host.name, reason, only });
      }
      down.add(host);
    },
    short(host, shortage, reason) {
      const now = performance.now();
      if (now - shortAt >= SHORTAGE_OVER_MS) {
        emit({ kind: "shortage", shortage, route, backend: host.name, reason });
      }
      shortAt = now;
    },
    recovered(host) {
      const backend = host.name;
      if (down.delete(host)) emit({ kind: "host-up", route, backend, only });
      if (allDown) emit({ kind: "route-up", route, backend });
      allDown = false;
    },
    summed(failures) {
      const ours = failures.find(({ kind }) => isShortage(kind)) ??
        failures.find(({ kind }) => kind === "full") ??
        failures.find(({ kind }) => kind === "share");
      if (ours !== undefined) {
        return { kind: ours.kind, reason: failures.map(({ reason }) => reason).join("; ") };
      }
      const reasons = failures.length > 0
        ? failures.map(({ reason }) => reason)
        : hosts.map(({ name, problem }) => `${name}: ${problem}`);
      const reason = reasons.join("; ");
      if (!allDown) emit({ kind: "route-down", route, reason });
      allDown = true;
      return { kind: "down", reason };
    },
  };
}

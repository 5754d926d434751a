/**
 * What is told of the hosts of a route that can't be connected: once for each outage, however many requests meet it.
 *
 * @module
 */
import { isShortage, type Shortage } from "../base/exhaustion.ts";
import type { Emit } from "../events/events.ts";
import type { ConnectFailure } from "./backend.ts";
import type { Host, PoolHost } from "./host.ts";

/** A shortage that nobody has met for so long is over: while it lasts, connects succeed and fail in turn as something is given back. */
const SHORTAGE_OVER_MS = 60_000;

/** Why a host that may be well takes no tunnels. */
const DRAINED = "it is drained";

/** What has been told of a route's outages, whatever configuration names it. */
export interface Outages {
  readonly down: Set<Host>;
  allDown: boolean;
  shortAt: number;
}

export function unknownOutages(): Outages {
  return { down: new Set(), allDown: false, shortAt: -Infinity };
}

/** Tells that we have run out of what it takes to connect, once until that is over. */
export function createShortageTeller(
  route: string,
  outages: Outages,
  emit: Emit,
): (backend: string, shortage: Shortage, reason: string) => void {
  return (backend, shortage, reason) => {
    const now = performance.now();
    if (now - outages.shortAt >= SHORTAGE_OVER_MS) {
      emit({ kind: "shortage", shortage, route, backend, reason });
    }
    outages.shortAt = now;
  };
}

export interface OutageTeller {
  failed(host: PoolHost, reason: string): void;
  /** We have run out of what it takes to connect. */
  short(host: PoolHost, shortage: Shortage, reason: string): void;
  recovered(host: PoolHost): void;
  /** What to answer when no host took the request; without `failures`, all of them were still disabled, or drained. */
  summed(failures: readonly ConnectFailure[]): ConnectFailure;
}

export function createOutageTeller(
  route: string,
  hosts: readonly PoolHost[],
  outages: Outages,
  emit: Emit,
): OutageTeller {
  const { down } = outages;
  const tellShortage = createShortageTeller(route, outages, emit);
  const only = hosts.length === 1;

  return {
    failed(host, reason) {
      if (!down.has(host.live)) {
        emit({ kind: "host-down", route, backend: host.name, reason, only });
      }
      down.add(host.live);
    },
    short: (host, shortage, reason) => tellShortage(host.name, shortage, reason),
    recovered(host) {
      const backend = host.name;
      if (down.delete(host.live)) emit({ kind: "host-up", route, backend, only });
      if (outages.allDown) emit({ kind: "route-up", route, backend });
      outages.allDown = false;
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
        : hosts.map(({ name, live }) => `${name}: ${live.drained ? DRAINED : live.problem}`);
      const reason = reasons.join("; ");
      if (!outages.allDown) emit({ kind: "route-down", route, reason });
      outages.allDown = true;
      return { kind: "down", reason };
    },
  };
}

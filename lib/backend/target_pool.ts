/**
 * The backends of a route that has targets in place of hosts: each request brings the one that it leads to, and nothing else is tried.
 *
 * @module
 */
import { formatAddress } from "../base/address.ts";
import { isShortage } from "../base/exhaustion.ts";
import type { TargetsConfig } from "../config/config.ts";
import type { Emit } from "../events/events.ts";
import { isDisabled, leaseAddress, whyFull } from "./address.ts";
import type { ConnectRequest, ConnectResult } from "./backend.ts";
import type { RouteState } from "./hosts.ts";
import { createShortageTeller } from "./outages.ts";
import type { RoutePool } from "./pool.ts";

/** Makes the pool of a route. A target that fails is told of once, and is left alone for its `disable-time`, as a host is. */
export function createTargetPool(
  { key: route, host }: Pick<TargetsConfig, "host"> & { readonly key: string },
  routeState: RouteState,
  emit: Emit,
): RoutePool {
  const { targets, outages } = routeState;
  const tellShortage = createShortageTeller(route, outages, emit);

  async function connect(request: ConnectRequest): Promise<ConnectResult> {
    const { address } = request.target!;
    const backend = formatAddress(address);
    const known = targets.at(address);
    const { state, onRelease } = known;
    if (isDisabled(state)) return failure("down", backend, state.problem);
    const full = whyFull(state.load, host);
    if (full !== null) return failure("full", backend, full);
    const config = { target: address, ...host };
    const result = await leaseAddress(state, config, request, { emit, onRelease });
    if (result.ok) {
      if (known.told) emit({ kind: "target-up", route, backend });
      known.told = false;
      return result;
    }
    const { kind, reason } = result;
    if (kind === "down") {
      if (!known.told) emit({ kind: "target-down", route, backend, reason });
      known.told = true;
    }
    if (isShortage(kind)) tellShortage(backend, kind, reason);
    return kind === "aborted" ? { ok: false, failure: result } : failure(kind, backend, reason);
  }

  return {
    hosts: [],
    state: routeState,
    connect,
    settled: () => Promise.resolve(),
    report: () => targets.report().map((row) => ({ route, ...row })),
  };
}

function failure(
  kind: Exclude<ConnectResult, { readonly ok: true }>["failure"]["kind"],
  backend: string,
  reason: string,
): ConnectResult {
  return { ok: false, failure: { kind, reason: `${backend}: ${reason}` } };
}

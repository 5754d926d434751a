/**
 * What the program knows of itself, as the admin listener says it.
 *
 * @module
 */
import { formatAddress } from "../../base/address.ts";
import type { ProcReport } from "../../events/event.ts";
import { identityOf } from "../progress.ts";
import type { Flow, OpenTunnel } from "../registry.ts";
import type { Server } from "../server.ts";
import type { BackendRow, StatusAnswer, TunnelRow, Waits } from "./shapes.ts";

/** Bytes a second. */
export interface Rates {
  readonly upRate: number;
  readonly downRate: number;
}

export function tunnelRow(tunnel: OpenTunnel, { upRate, downRate }: Rates): TunnelRow {
  const { flow } = tunnel;
  const { id, client, via, user, route, asked, backend, pid } = identityOf(tunnel);
  const { path, host, origin, subprotocol } = asked;
  return {
    id,
    client,
    ...(via !== undefined && { via }),
    ...(user !== null && { user }),
    route,
    path,
    ...(host !== undefined && { host }),
    ...(typeof origin === "string" && { origin }),
    ...(subprotocol !== undefined && { subprotocol }),
    backend,
    ...(pid !== undefined && { pid }),
    seconds: Math.round(performance.now() - tunnel.openedAtMs) / 1000,
    up: flow.upBytes,
    down: flow.downBytes,
    upRate,
    downRate,
    waits: waitsOf(flow),
  };
}

function waitsOf({ upWaits, downWaits }: Flow): Waits {
  if (upWaits) return downWaits ? "both" : "backend";
  return downWaits ? "client" : null;
}

export function backendRow(row: ProcReport): BackendRow {
  const { route, backend, state, drained, load, pid, tunnelsServed, failures, disabledUntil } = row;
  return {
    route,
    backend,
    state,
    drained: drained ?? false,
    load,
    ...(pid !== null && { pid }),
    tunnelsServed,
    failures,
    ...(disabledUntil !== null && { disabledUntil }),
  };
}

/** When, as Unix time in milliseconds. */
export interface Moments {
  readonly started: number;
  readonly reloaded: number | null;
}

export function statusOf(
  { phase, listeners }: Pick<Server, "phase" | "listeners">,
  { started, reloaded }: Moments,
  version: string,
): StatusAnswer {
  return {
    version,
    pid: Deno.pid,
    phase,
    started,
    listeners: listeners.map(({ address, engine, tls }) => ({
      address: formatAddress(address),
      engine,
      tls,
    })),
    reloaded,
  };
}

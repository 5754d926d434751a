/**
 * What is told of a tunnel: the same when it opens, while it is open and when it is over.
 *
 * @module
 */
import { nowMs } from "../base/turn_clock.ts";
import type { TunnelIdentity, TunnelProgress } from "../events/event.ts";
import type { OpenTunnel } from "./registry.ts";

/** Who and where. */
export function identityOf(tunnel: OpenTunnel): TunnelIdentity {
  const { id, client, via, tls, user, route, asked, backend, isTarget, pid } = tunnel;
  return { id, client, via, tls, user, route, asked, backend, isTarget, pid };
}

/** Also how long it has been open, to the millisecond, and the payload so far. */
export function progressOf(open: OpenTunnel): TunnelProgress {
  const seconds = Math.round(nowMs() - open.openedAtMs) / 1000;
  const { upBytes, downBytes } = open.flow;
  return { ...identityOf(open), seconds, upBytes, downBytes };
}

/**
 * What the log says of a tunnel: the same fields when it opens, while it is open and when it is over.
 *
 * @module
 */
import type { OpenTunnel } from "./registry.ts";

/** Who and where. */
export function namesOf({ id, client, route, asked, backend, pid }: OpenTunnel) {
  return { id, client, route, ...asked, backend, pid };
}

/** Also how long it has been open, in seconds, and the payload bytes so far, to the backend and to the client. */
export function progressOf(open: OpenTunnel) {
  const seconds = Math.round(performance.now() - open.openedAtMs) / 1000;
  const { upBytes, downBytes } = open.flow;
  return { ...namesOf(open), seconds, up: upBytes, down: downBytes };
}

/**
 * Lines of clients: of each connection, request and tunnel. `access-log` has them where it is set.
 *
 * @module
 */
import { isWarning } from "../../tunnel/cause.ts";
import { OPCODE_NAMES } from "../../websocket/frame.ts";
import type {
  RefusalCause,
  RequestEvent,
  TunnelEvent,
  TunnelIdentity,
  TunnelProgress,
} from "../event.ts";
import { debug, info, type LinesOf, warn } from "./line.ts";

/** A route's greeting says something of its configuration, no more of the client who met it. */
type AccessKind =
  | RequestEvent["kind"]
  | "tls-refused"
  | Exclude<TunnelEvent["kind"], "greeting-mismatch">;

/** What the line that sums up many says in place of the one. */
export const MORE_REFUSED = "more requests refused";

export const ACCESS_LINES: LinesOf<AccessKind> = {
  "request-refused": ({ client, via, tls, asked, cause, status, reason, why }) => {
    const kind = { status, reason };
    const fields = { client, via, tls, ...asked, ...(why !== undefined && { why }), ...kind };
    if (isOutage(cause)) return debug("request refused", fields);
    return {
      ...info("request refused", fields),
      summary: { message: MORE_REFUSED, fields: kind },
    };
  },
  "proxy-header-refused": ({ client, reason }) => ({
    ...info("connection ended", { client, reason }),
    summary: { message: "more connections ended", fields: { reason } },
  }),
  "connection-dropped": ({ client, limit, pending }) => ({
    ...info("connection dropped", { client, limit, pending }),
    summary: { message: "more connections dropped", fields: { limit, pending } },
  }),
  "file-asked": (
    { client, via, tls, user, route, method, asked, status, bytes, seconds, end, why },
  ) => {
    const isSent = end === "sent";
    const kind = { status, ...(!isSent && { end }) };
    const ms = Math.round(seconds * 1000);
    const names = { client, via, tls, user: user ?? undefined, route: route ?? undefined, method };
    const fields = { ...names, ...asked, ...kind, bytes, ms, ...(why !== undefined && { why }) };
    const isOurs = status >= 500 || end === "shrunk" || end === "unreadable";
    return {
      ...(isOurs ? warn : info)(isSent ? "file asked for" : "file not sent whole", fields),
      summary: { message: "more files asked for", fields: kind },
    };
  },
  "health-asked": ({ client, via, asked }) => debug("health asked", { client, via, ...asked }),
  "client-left": ({ client, via, tls, user, route, asked, backend, pid }) => ({
    ...info("client went away before the upgrade", {
      client,
      via,
      tls,
      user: user ?? undefined,
      route,
      ...asked,
      backend,
      pid,
    }),
    summary: { message: "more clients went away before the upgrade", fields: {} },
  }),
  "tls-refused": ({ client, via, reason }) => ({
    ...info("no TLS connection", { client, via, reason }),
    summary: { message: "more became no TLS connection", fields: { reason } },
  }),

  "tunnel-opened": (event) => info("tunnel opened", namesOf(event)),
  "tunnel-closed": (event) => {
    const { code, cause, reason } = event;
    const fields = {
      ...progressOf(event),
      code,
      cause,
      reason: reason === "" ? undefined : reason,
    };
    return isWarning(cause) ? warn("tunnel closed", fields) : info("tunnel closed", fields);
  },
  "frame": ({ client, way, opcode, bytes }) =>
    debug(`frame ${way}`, { client, type: OPCODE_NAMES[opcode], bytes }),
};

/** An outage itself is in the log once, each request that it refuses only for those who look for it. */
function isOutage(cause: RefusalCause): boolean {
  return cause === "down" || cause === "aborted";
}

/** The same fields when a tunnel opens, while it is open and when it is over. */
function namesOf({ id, client, via, tls, user, route, asked, backend, pid }: TunnelIdentity) {
  return { id, client, via, tls, user: user ?? undefined, route, ...asked, backend, pid };
}

/** Payload bytes to the backend are `up`, to the client `down`. */
export function progressOf(tunnel: TunnelProgress) {
  const { seconds, upBytes, downBytes } = tunnel;
  return { ...namesOf(tunnel), seconds, up: upBytes, down: downBytes };
}

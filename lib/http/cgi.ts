/**
 * What a program that is started for a tunnel is told of its request, by the names that CGI has for it (RFC 3875 section 4.1): as
 * websocketd tells it, without what proves who somebody is.
 *
 * @module
 */
import type { Peer } from "../base/peer.ts";
import { queryOf, withoutParameters } from "./query.ts";
import type { RequestHead } from "./request.ts";

/** The fields that are told; never cookies, `Authorization`, keys, or what names another client than ours. */
const FIELDS = ["host", "origin", "user-agent", "accept-language"] as const;

/** As long as a target may be where `max-head` is not raised. */
const MAX_TARGET_CHARACTERS = 8192;
const MAX_VALUE_CHARACTERS = 1024;

/** Line ends among them. */
const CONTROL = /\p{Cc}/gu;

/** A request that a program is started for. */
export interface ToldRequest {
  readonly head: RequestHead;
  readonly peer: Peer;
  /** Null where nobody asked. */
  readonly user: string | null;
  /** Parameters of the query that hold secrets, by name. */
  readonly secrets: readonly string[];
}

/** Every variable that {@linkcode cgiVariables} may give: what it doesn't, is not so, whatever our own environment says. */
export const CGI_NAMES: readonly string[] = [
  ...["REMOTE_ADDR", "REMOTE_PORT", "REMOTE_USER", "REQUEST_METHOD", "REQUEST_URI", "QUERY_STRING"],
  ...["SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTPS", ...FIELDS.map(variableOf)],
];

/** The variables; what isn't known is left out. */
export function cgiVariables(request: ToldRequest): Record<string, string> {
  const { head, peer, user, secrets } = request;
  const target = withoutParameters(head.target, secrets).slice(0, MAX_TARGET_CHARACTERS);
  const { host, port } = serverOf(head, peer);
  const fields = FIELDS.map((name) => {
    const value = head.headers.get(name);
    return [variableOf(name), value?.slice(0, MAX_VALUE_CHARACTERS) ?? null] as const;
  });
  const told: Record<string, string | null> = {
    REMOTE_ADDR: peer.address,
    REMOTE_PORT: peer.port === null ? null : String(peer.port),
    REMOTE_USER: user?.slice(0, MAX_VALUE_CHARACTERS) ?? null,
    REQUEST_METHOD: head.method,
    REQUEST_URI: target,
    QUERY_STRING: queryOf(target),
    SERVER_NAME: host,
    SERVER_PORT: port,
    // No other version opens a WebSocket.
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTPS: peer.secure ? "on" : null,
    ...Object.fromEntries(fields),
  };
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, value]) =>
      value === null ? [] : [[name, value.replace(CONTROL, "?")]]
    ),
  );
}

/** `user-agent` is `HTTP_USER_AGENT`. */
function variableOf(field: string): string {
  return `HTTP_${field.toUpperCase().replaceAll("-", "_")}`;
}

/** The host that was asked for, and the port that was connected to; of a socket's file the one that was asked for. */
function serverOf({ headers }: RequestHead, { local, secure }: Peer) {
  const [, host = "", asked] = /^(.*?)(?::(\d*))?$/.exec(headers.get("host") ?? "") ?? [];
  const port = local.transport === "tcp" ? String(local.port) : asked || (secure ? "443" : "80");
  return { host, port };
}

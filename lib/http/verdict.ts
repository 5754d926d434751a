/**
 * From a request's head to what happens with it: a ladder of refusals, each with its status and reason, and the chosen
 * route at its end. Pure: it needs no socket.
 *
 * @module
 */
import { canonicalPath } from "../base/request_path.ts";
import type { FrameType } from "../config/config.ts";
import type { WebConfig } from "../config/web_keys.ts";
import { type Answer, answer } from "./answer.ts";
import { isAuthority } from "./authority.ts";
import { admitsClient, type ClientRules } from "./clients.ts";
import { isKey, whyNoUpgrade } from "./handshake.ts";
import { answerHealth } from "./health.ts";
import { matchOrigin, type OriginRule } from "./origin.ts";
import { listHasToken, type RequestHead } from "./request.ts";
import { matchRoute, type RouteTable } from "./route.ts";
import { chooseSubprotocol, type ChosenSubprotocol } from "./subprotocol.ts";

/** What the verdict depends on besides the request. */
export interface VerdictRules {
  readonly table: RouteTable<RouteRules>;
  /** Canonical; null: none. */
  readonly healthPath: string | null;
  /** Files at all paths but those of routes that have their own; null: none. */
  readonly web: (WebRules & ClientRules) | null;
}

/** A folder of files for who asks for no tunnel. */
export interface WebRules {
  readonly config: WebConfig;
  /** What of a canonical path stands before a file's; empty: nothing. */
  readonly prefix: string;
}

/** What holds for a key of `wstunnel.server`. */
export interface RouteRules extends ClientRules {
  readonly key: string;
  /** Empty admits every origin. */
  readonly origins: readonly OriginRule[];
  /** Null: those that are known to carry a byte stream. */
  readonly subprotocols: readonly string[] | null;
  readonly frameType: FrameType;
  readonly pingIntervalMs: number;
  /** Null: whoever asks may come in. */
  readonly auth: object | null;
  /** Its own files; null: those for all, if there are any. */
  readonly files: WebRules | null;
  /** It has no backend. */
  readonly filesAlone: boolean;
}

export type Verdict =
  | Refusal
  | { readonly health: Answer }
  | { readonly accept: AcceptedRequest }
  | { readonly files: FileRequest };

/** A request for a file, which may not be there. */
export interface FileRequest extends WebRules {
  /** Whose path it is; null: no route's. */
  readonly key: string | null;
  /** Canonical. */
  readonly path: string;
}

/** What it gets in place of a tunnel. */
export interface Refusal {
  readonly refuse: Answer;
  /** The key that the client may not come in by, null where it is no route's path; absent where something else is wrong. */
  readonly denied?: string | null;
}

/** A request that may become a tunnel. */
export interface AcceptedRequest extends ChosenSubprotocol {
  readonly key: string;
  readonly pingIntervalMs: number;
  /** Canonical. */
  readonly path: string;
  readonly authority: string;
  readonly origin: string | null;
  /** What it gets in place of a tunnel, which it doesn't ask for, once it is known who asks. */
  readonly instead: Answer | null;
}

/** Decides what becomes of a request of the client with an address, an IP address or `unix`. */
export function decide(head: RequestHead, client: string, rules: VerdictRules): Verdict {
  const { headers } = head;
  const authority = headers.get("host") ?? "";
  if (authority === "" && needsHost(head)) return refuse(400, "the Host header is missing");
  if (authority !== "" && !isAuthority(authority)) {
    return refuse(400, "the Host header is no host");
  }
  const canonical = canonicalPath(head.target);
  if ("problem" in canonical) return refuse(400, canonical.problem);
  const { path } = canonical;
  const health = answerHealth(head, path, rules.healthPath);
  if (health !== null) return { health };
  const route = matchRoute(path, rules.table);
  const web = asksForTunnel(head) ? null : route?.files ?? rules.web;
  if (route === null && web === null) return refuse(404, "nothing is served at this path");
  const who = route ?? rules.web!;
  if (!admitsClient(client, who)) {
    const refusal = refuse(403, "clients of this address are not admitted");
    return { ...refusal, denied: route?.key ?? null };
  }
  if (web !== null) return { files: { ...web, key: route?.key ?? null, path } };
  if (route === null || route.filesAlone) return refuse(404, "no WebSocket is served at this path");
  const noUpgrade = whyNoUpgrade(head);
  // A browser asks for a password where it shows a page, and uses it for the tunnels of that place: so a page is refused by who asks for it.
  const isAsked = noUpgrade !== null && route.auth !== null;
  const instead = noUpgrade === null ? null : answer(426, noUpgrade, { "upgrade": "websocket" });
  const refusal = instead ?? whyNoTunnel(head, route);
  if (refusal !== null && !isAsked) return { refuse: refusal };
  const offered = headers.get("sec-websocket-protocol");
  const chosen = chooseSubprotocol(offered, route.subprotocols, route.frameType);
  const { key, pingIntervalMs } = route;
  const origin = headers.get("origin");
  return { accept: { ...chosen, key, pingIntervalMs, path, authority, origin, instead } };
}

/** Whether it is a WebSocket's handshake, or was one before a proxy took something out: then it is to be told so. */
function asksForTunnel({ headers }: RequestHead): boolean {
  return listHasToken(headers.get("upgrade"), "websocket") ||
    headers.get("sec-websocket-key") !== null;
}

/** Refuses what asks for a tunnel and may have none, whoever asks. */
function whyNoTunnel({ headers }: RequestHead, { origins }: RouteRules): Answer | null {
  if (origins.length > 0) {
    const origin = headers.get("origin");
    if (origin === null) {
      return answer(400, "the Origin header is missing, and origins are checked");
    }
    if (!matchOrigin(origin, origins)) return answer(403, "this origin is not admitted");
  }
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    const reason = version === null
      ? "the Sec-WebSocket-Version header is missing: it must be 13"
      : "only version 13 of the WebSocket protocol is spoken here";
    return answer(426, reason, { "upgrade": "websocket", "sec-websocket-version": "13" });
  }
  const handshakeKey = headers.get("sec-websocket-key");
  if (handshakeKey === null) return answer(400, "the Sec-WebSocket-Key header is missing");
  return isKey(handshakeKey)
    ? null
    : answer(400, "Sec-WebSocket-Key must be the base64 form of 16 bytes");
}

/**
 * RFC 9112 section 3.2: every request by HTTP/1.1 has a Host. By HTTP/1.0 it needs none, and none becomes a tunnel. Where the
 * version isn't known only what would become one is sure to need it.
 */
function needsHost(head: RequestHead): boolean {
  return head.version === "1.1" || (head.version === null && whyNoUpgrade(head) === null);
}

function refuse(status: number, reason: string): Refusal {
  return { refuse: answer(status, reason) };
}

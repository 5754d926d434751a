/**
 * Why a tunnel ended, and what the client is told: the close-code table.
 *
 * @module
 */

import type { StreamEnd } from "../base/transport.ts";
import type { ClientFinish } from "../websocket/client_end.ts";

/** What may end a tunnel. */
export const CAUSES = [
  "client-close",
  "client-lost",
  "client-protocol",
  "client-overflow",
  "client-silent",
  "client-base64",
  "backend-end",
  "backend-error",
  "backend-failed",
  "backend-not-utf8",
  "backend-stalled",
  "backend-idle",
  "tunnel-idle",
  "tunnel-expired",
  "route-removed",
  "operator",
  "defect",
  "shutdown",
] as const;

/** What ended a tunnel; the first one wins. */
export type Cause = (typeof CAUSES)[number];

/** The way to the backend. `ending`: no more comes from the client; `ended`: the backend has been told; `refused`: it takes no more. */
export type UpState = "open" | "ending" | "ended" | "refused";

/** The way from the backend. `ending`: no more is passed on; `ended`: its stream is over. */
export type DownState = "open" | "ending" | "ended";

/** How a tunnel ended. */
export interface TunnelEnd {
  readonly cause: Cause;
  /** The close code: the client's own for `client-close`, 1006 when none could be sent, else ours. */
  readonly code: number;
  readonly reason: string;
}

/** Close code (RFC 6455 section 7.4.1) and reason for the causes that we tell the client. */
const TOLD: Readonly<Partial<Record<Cause, readonly [code: number, reason: string]>>> = {
  "client-silent": [1001, "no answer to Pings"],
  "client-base64": [1007, "the payload is not base64"],
  "backend-end": [1000, ""],
  "backend-error": [1011, "the backend connection failed"],
  "backend-failed": [1011, "the program failed before it sent anything"],
  "backend-not-utf8": [
    1007,
    'the backend sent bytes that are not UTF-8: use frame-type = "binary"',
  ],
  "backend-stalled": [1011, "the backend takes no more bytes"],
  "backend-idle": [1001, "the backend was silent for too long"],
  "tunnel-idle": [1001, "nothing was sent for too long"],
  "tunnel-expired": [1001, "the tunnel has lasted as long as it may"],
  "route-removed": [1001, "what this tunnel came by is served no more"],
  "operator": [1001, "ended by the operator"],
  "defect": [1011, "a defect in the server"],
  "shutdown": [1001, "the server shuts down"],
};

/** How a tunnel ends of a cause on our side. */
export function endOf(cause: Cause): TunnelEnd {
  const [code, reason] = TOLD[cause] ?? [1011, ""];
  return { cause, code, reason };
}

/** Whether the end says that something is configured wrong: everybody who opens such a tunnel will see it again. */
export function isWarning(cause: Cause): boolean {
  return cause === "backend-not-utf8";
}

/** A client whose connection ended without a Close. */
export const LOST: TunnelEnd = { cause: "client-lost", code: 1006, reason: "" };

const OF_CLIENT: Readonly<Record<ClientFinish["kind"], Cause>> = {
  close: "client-close",
  lost: "client-lost",
  protocol: "client-protocol",
  overflow: "client-overflow",
  silent: "client-silent",
};

/** How a tunnel ends as its client does. */
export function endOfClient({ kind, code, reason }: ClientFinish): TunnelEnd {
  return { cause: OF_CLIENT[kind], code, reason };
}

/** Ends of the client that leave nothing to wait for: it is to be told at once. */
const TOLD_AT_ONCE: ReadonlySet<ClientFinish["kind"]> = new Set(["protocol", "overflow", "silent"]);

export function isToldAtOnce({ kind }: ClientFinish): boolean {
  return TOLD_AT_ONCE.has(kind);
}

/** How a tunnel ends as its backend does; `isComplete`: no character of its text was cut off. */
export function endOfBackend(how: StreamEnd, isComplete: boolean): TunnelEnd {
  if (how === "failed") return endOf("backend-failed");
  if (how === "reset") return endOf("backend-error");
  return endOf(isComplete ? "backend-end" : "backend-not-utf8");
}

/** How a tunnel ends in which nothing has moved for as long as is waited: `up` is the way to the backend, `clientSays` the client's end. */
export function endOfVainWait(
  up: UpState,
  upWaits: boolean,
  clientSays: TunnelEnd,
): TunnelEnd {
  if (up === "refused") return endOf("backend-error");
  if (up === "ended" || !upWaits) return clientSays;
  return { ...endOf("backend-stalled"), code: clientSays.code };
}

/** Causes after which the backend takes no more. */
const BACKEND_OVER: ReadonlySet<Cause> = new Set([
  "backend-end",
  "backend-error",
  "backend-failed",
  "backend-stalled",
]);

export function isBackendOver(cause: Cause): boolean {
  return BACKEND_OVER.has(cause);
}

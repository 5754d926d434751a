/**
 * What the rest of the program sees of a route's backends: ask for a connection, get a lease or a failure.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { Shortage } from "../base/exhaustion.ts";
import type { Peer } from "../base/peer.ts";
import type { HostConfig } from "../config/config.ts";
import type { ProcReport } from "../events/event.ts";
import type { RequestHead } from "../http/request.ts";
import type { Dialler } from "./connect.ts";
import type { BackendConnection } from "./connection.ts";

/** Where a request leads, of a route with targets. */
export interface Target {
  readonly address: Address;
  /** The IP addresses that its name has been looked up to have: connected to without another look. */
  readonly found?: readonly string[];
}

/** What a backend is chosen by, and what a program started for the tunnel is told. */
export interface ConnectRequest {
  /** Whose it is; `sticky` hashes its address. */
  readonly peer: Peer;
  /** Who that has proved to be; null where nobody asked. */
  readonly user: string | null;
  /** What a program that is started for it is told of, but for the parameters of its query that hold secrets. */
  readonly head: RequestHead;
  readonly secrets: readonly string[];
  /** The `Host` the client asked for, which `hash` takes with the path. */
  readonly authority: string;
  /** The request's path, without its query. */
  readonly path: string;
  /** The `Origin` header, null without one. */
  readonly origin: string | null;
  /** Null of a route that has hosts. */
  readonly target: Target | null;
  /** Aborted when the client goes away or the server stops before a backend is found. */
  readonly signal: AbortSignal;
  /** Who connects to an address. @default the runtime */
  readonly dialler?: Dialler | undefined;
}

/** A connection to a backend, counted in its load until it is released. */
export interface Lease {
  readonly connection: BackendConnection;
  /** The backend as the log names it: `127.0.0.1:5900`, `unix:/run/vnc.sock`, `exec:/usr/sbin/sshd`. */
  readonly backend: string;
  /** Whether that is a target, and no host of the route. */
  readonly isTarget: boolean;
  readonly host: HostConfig;
  /** The process of a program that was started for the tunnel. */
  readonly pid?: number;
  /** Says which tunnel it carries, for the lines in the log that are about its program. */
  carry?(tunnelId: number): void;
  /** Takes the tunnel off the backend's load; once, after the connection is closed. */
  release(): void;
}

/** Why there is no backend. */
export interface ConnectFailure {
  /**
   * - `down`: every host is down or disabled
   * - `full`: every host has as many processes or tunnels as it may
   * - `share`: there are more, but not for the clients of this address
   * - `aborted`: the request's signal was aborted
   * - a shortage: we have none left of what it takes to connect
   */
  readonly kind: "down" | "full" | "share" | "aborted" | Shortage;
  /** For the log and, without addresses, for the client. */
  readonly reason: string;
}

export type ConnectResult =
  | { readonly ok: true; readonly lease: Lease }
  | { readonly ok: false; readonly failure: ConnectFailure };

/** The hosts behind one key of a configuration. */
export interface Pool {
  connect(request: ConnectRequest): PromiseLike<ConnectResult>;
  /** Resolves when no request is being connected, and none is any more where nobody asks it from then on. */
  settled(): Promise<void>;
  report(): ProcReport[];
}

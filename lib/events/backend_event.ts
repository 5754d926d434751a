/**
 * Hosts behind a route, the connects to them, and what says where tokens lead.
 *
 * @module
 */
import type { Shortage } from "../base/exhaustion.ts";

/**
 * What became of a connect to a backend's address.
 *
 * - `closed`: nothing listens there
 * - `timeout`: no answer in time
 * - `aborted`: nobody wanted it any more
 * - a shortage: of ours, which says nothing of the address
 * - `error`: anything else, such as a name that is not known or a network that can't be reached
 */
export type DialOutcome = "connected" | "closed" | "timeout" | "aborted" | "error" | Shortage;

/** Hosts behind a route: each outage is told once, however many requests meet it. */
export type HostEvent =
  /** An address was connected to for a tunnel, or could not be; the lookup of its name, TLS and a PROXY header are part of it. */
  | {
    readonly kind: "dialled";
    readonly backend: string;
    readonly outcome: DialOutcome;
    readonly seconds: number;
  }
  | {
    readonly kind: "host-down";
    readonly route: string;
    readonly backend: string;
    readonly reason: string;
    /** Whether the route has no other. */
    readonly only: boolean;
  }
  | {
    readonly kind: "host-up";
    readonly route: string;
    readonly backend: string;
    readonly only: boolean;
  }
  /** An operator has taken it out, or back in; `tunnels` are open, or being connected. */
  | {
    readonly kind: "host-drained";
    readonly route: string;
    readonly backend: string;
    readonly by: string;
    readonly tunnels: number;
  }
  | {
    readonly kind: "host-enabled";
    readonly route: string;
    readonly backend: string;
    readonly by: string;
  }
  /** None of the route's hosts took a request. */
  | { readonly kind: "route-down"; readonly route: string; readonly reason: string }
  /** One of them takes requests again. */
  | { readonly kind: "route-up"; readonly route: string; readonly backend: string }
  /** A target of a token, or of a client's choice, can't be connected; once, until it can or nobody has asked for it for a minute. */
  | {
    readonly kind: "target-down";
    readonly route: string;
    readonly backend: string;
    readonly reason: string;
  }
  | { readonly kind: "target-up"; readonly route: string; readonly backend: string }
  | TargetsEvent
  /** We have run out of what it takes to connect. */
  | {
    readonly kind: "shortage";
    readonly shortage: Shortage;
    readonly route: string;
    readonly backend: string;
    readonly reason: string;
  };

/** What says where the tokens of a route lead: a file, an API, Redis. No token is in any of these. */
export type TargetsEvent =
  /** A token file was read, at the start or since it has changed. */
  | {
    readonly kind: "targets-read";
    readonly route: string;
    readonly source: string;
    readonly tokens: number;
  }
  /** A line of a token file is none, the others hold; `more`: so many further ones are not told of. */
  | {
    readonly kind: "targets-line-wrong";
    readonly route: string;
    readonly source: string;
    readonly line: number;
    readonly problem: string;
    readonly more: number;
  }
  /** A token file isn't there, which is to have no tokens, or can't be read, and what was read last holds; once, until it can. */
  | {
    readonly kind: "targets-unreadable";
    readonly route: string;
    readonly source: string;
    readonly problem: string;
  }
  /** Nobody can say where tokens lead; once, until somebody can. */
  | { readonly kind: "targets-down"; readonly route: string; readonly reason: string }
  | { readonly kind: "targets-up"; readonly route: string };

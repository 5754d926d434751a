/**
 * Connections and requests that became no tunnel, and listeners that speak TLS.
 *
 * @module
 */
import type { Shortage } from "../base/exhaustion.ts";
import type { Limit } from "../limits/connections.ts";
import type { TunnelIdentity } from "./tunnel_event.ts";
import type { PeerWords } from "./words.ts";

/** What a request asks for, in its client's words; undefined is what it did not say. */
export interface Asked {
  /** Without the query, where clients put their tokens. */
  readonly path: PeerWords;
  readonly host: PeerWords | undefined;
  /** Null: it said none where origins are checked. */
  readonly origin: PeerWords | null | undefined;
  /** The one that the answer named. */
  readonly subprotocol?: PeerWords | undefined;
  /** What was offered where the answer named none, which a browser takes as a failure. */
  readonly declined?: PeerWords | undefined;
}

/**
 * Why a request was refused.
 *
 * - `head`: it has no head that can be read
 * - `rules`: by what its head says
 * - `client`: by the address that it comes from
 * - `down`: every host is down or disabled
 * - `full`: every host has as many processes or tunnels as it may
 * - `share`: there are more, but not for the clients of its address
 * - `aborted`: its client left, or the server stops, before a backend was connected
 * - `auth`: it has not proved who it is
 * - `target`: its token is of no target, or it may not reach the address that it names
 * - `limit`: there are as many connections or tunnels as there may be
 * - a shortage: we have none left of what it takes to connect
 */
export type RefusalCause =
  | "head"
  | "rules"
  | "client"
  | "down"
  | "full"
  | "share"
  | "aborted"
  | "limit"
  | "auth"
  | "target"
  | Shortage;

/** What has become of a request for a file. */
export interface FileOutcome {
  readonly status: number;
  /** Of the answer's body, as far as they were taken. */
  readonly bytes: number;
  /**
   * - `sent`: all of it was
   * - `left`: the client has gone before
   * - `stalled`: it has taken nothing for too long
   * - `shrunk`: the file has become shorter meanwhile
   * - `unreadable`: the system could not read it any further
   */
  readonly end: "sent" | "left" | "stalled" | "shrunk" | "unreadable";
  /** What the client is not told. */
  readonly why?: string | undefined;
}

/** Connections and requests that became no tunnel. */
export type RequestEvent =
  /** A request for a file was answered, be the file there or not. */
  | ({
    readonly kind: "file-asked";
    readonly client: string;
    readonly via?: string | undefined;
    /** As of a request that is refused. */
    readonly tls?: boolean | undefined;
    readonly user: PeerWords | null;
    /** Null: no route's path. */
    readonly route: string | null;
    readonly method: PeerWords;
    readonly asked: Asked;
    readonly seconds: number;
  } & FileOutcome)
  /** A connection was closed without a word; `pending`: it was there, and had to go for another, since no request of it had been let in. */
  | {
    readonly kind: "connection-dropped";
    /** The client's address with its port. */
    readonly client: string;
    readonly limit: Limit;
    readonly pending: boolean;
  }
  | {
    readonly kind: "request-refused";
    /** The client's address with its port. */
    readonly client: string;
    /** The proxy that connected for it, where there is one that is trusted. */
    readonly via?: string | undefined;
    /** Whether it came by TLS, where its port takes both. */
    readonly tls?: boolean | undefined;
    /** Null where the head can't be read. */
    readonly asked: Asked | null;
    /** Null where none was chosen. */
    readonly route: string | null;
    readonly cause: RefusalCause;
    readonly status: number;
    /** What the client is told, which may hold words of its own. */
    readonly reason: PeerWords;
    /** What it is not told: addresses, and what the system said. */
    readonly why: string | undefined;
    /** Since its connection came. */
    readonly handshakeSeconds: number;
  }
  /** What a trusted proxy was to say of whom a connection is, by the PROXY protocol, is missing or wrong, or nobody who is trusted said it: it is ended. */
  | { readonly kind: "proxy-header-refused"; readonly client: string; readonly reason: string }
  | {
    readonly kind: "health-asked";
    readonly client: string;
    readonly via?: string | undefined;
    readonly asked: Asked;
  }
  /** The client went away before the upgrade: its backend is let go. */
  | ({ readonly kind: "client-left" } & Omit<TunnelIdentity, "id">);

/** Listeners that speak TLS, and their certificates. */
export type TlsEvent =
  /** A connection became none of TLS, or one whose client may not come in. */
  | {
    readonly kind: "tls-refused";
    readonly client: string;
    readonly via: string | undefined;
    readonly reason: PeerWords;
  }
  /** A certificate's files have changed, and are used from now on. */
  | {
    readonly kind: "certificate-renewed";
    readonly path: string;
    /** Unix time in milliseconds. */
    readonly expires: number;
  }
  /** They have changed and can't be used; those before them still are. Once for each change. */
  | { readonly kind: "certificate-refused"; readonly problem: string }
  /** A certificate in use has not much time left, or none; once a day. */
  | { readonly kind: "certificate-ending"; readonly path: string; readonly words: string };

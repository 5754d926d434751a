/**
 * Tunnels that open, move bytes and end.
 *
 * @module
 */
import type { Cause } from "../tunnel/cause.ts";
import type { Asked } from "./request_event.ts";
import type { PeerWords } from "./words.ts";

/** Whose tunnel it is, and where it leads. */
export interface TunnelIdentity {
  /** Counted from 1. */
  readonly id: number;
  /** The client's address with its port. */
  readonly client: string;
  /** The proxy that connected for it, where there is one that is trusted. */
  readonly via?: string | undefined;
  /** Whether it came by TLS, where its port takes both. */
  readonly tls?: boolean | undefined;
  /** Who it has proved to be; null where nobody asked. */
  readonly user: PeerWords | null;
  readonly route: string;
  readonly asked: Asked;
  /** The backend by its name: `127.0.0.1:5900`, `unix:/run/vnc.sock`, `exec:/usr/sbin/sshd`. */
  readonly backend: string;
  /** Whether that is a target, of which there may be any number, and no host of the route. */
  readonly isTarget: boolean;
  /** The process of a program that was started for it. */
  readonly pid: number | undefined;
}

/** A tunnel and how far it has come. */
export interface TunnelProgress extends TunnelIdentity {
  /** Since it was opened. */
  readonly seconds: number;
  /** Payload given to the backend. */
  readonly upBytes: number;
  /** Bytes of the backend given to the client, before they are encoded. */
  readonly downBytes: number;
}

export type TunnelEvent =
  | ({
    readonly kind: "tunnel-opened";
    /** Since its connection came; by the native engine, its request. */
    readonly handshakeSeconds: number;
  } & TunnelIdentity)
  | ({
    readonly kind: "tunnel-closed";
    readonly cause: Cause;
    /** The close code: the client's own for `client-close`, 1006 when none could be sent, else ours. */
    readonly code: number;
    readonly reason: PeerWords;
  } & TunnelProgress)
  /** A frame received (its header is known) or sent (the system has taken it); costly. */
  | {
    readonly kind: "frame";
    readonly tunnel: number;
    readonly client: string;
    readonly way: "received" | "sent";
    readonly opcode: number;
    /** Of payload. */
    readonly bytes: number;
  }
  /** The backend greets in a binary protocol, and the route's frames are text; once for a route. */
  | {
    readonly kind: "greeting-mismatch";
    readonly tunnel: number;
    readonly client: string;
    readonly route: string;
    readonly backend: string;
    readonly protocol: string;
  };

/**
 * The one way in: from a request's head to an open tunnel, whichever engine read the head. What it refuses it has told of.
 *
 * @module
 */
import type { Lease } from "../backend/backend.ts";
import type { Answer } from "../http/answer.ts";
import type { RequestHead } from "../http/request.ts";
import type { AcceptedRequest } from "../http/verdict.ts";
import type { Tunnel, TunnelOptions } from "../tunnel/tunnel.ts";
import type { FrameObserver } from "../websocket/frame.ts";

/** Who sent a request. */
export interface Peer {
  /** IP address without its port, or `unix`. */
  readonly address: string;
  /** Address and port, as it is told of. */
  readonly name: string;
}

/** A request that may become a tunnel, or the answer that it gets in place of one. */
export type Admission = { readonly accept: AcceptedRequest } | { readonly answer: Answer };

/** A backend for it, or the answer that it gets in place of one. */
export type Connected = { readonly lease: Lease } | { readonly answer: Answer };

/** How an engine is to begin a tunnel. */
export interface TunnelSettings extends TunnelOptions {
  /** Null unless each frame is told of. */
  readonly onFrame: FrameObserver | null;
}

/** A tunnel that an engine moves. */
export interface RunningTunnel {
  readonly machine: Tunnel;
  /** To be called every now and then, until it is {@linkcode Tunnel.released}. */
  tick(nowMs: number): void;
}

export interface Door {
  /** Tells of a request that an engine refuses by itself, its head being none. */
  refused(peer: Peer, answer: Answer): void;
  /** Decides by the head alone. */
  admit(head: RequestHead, peer: Peer): Admission;
  /** Connects a backend. `signal` is aborted when the client goes away or the listener is closed. Never rejects. */
  connect(
    head: RequestHead,
    accept: AcceptedRequest,
    peer: Peer,
    signal: AbortSignal,
  ): Promise<Connected>;
  /** The client went away before the upgrade: its backend is let go. */
  abandon(accept: AcceptedRequest, peer: Peer, lease: Lease): void;
  /** Opens the tunnel, which the engine makes by `start`, and closes the backend's lease with it. */
  open(
    accept: AcceptedRequest,
    peer: Peer,
    lease: Lease,
    start: (settings: TunnelSettings) => RunningTunnel,
  ): void;
}

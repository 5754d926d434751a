/**
 * The one way in: from a request's head to an open tunnel, whichever engine read the head. What it refuses it has told of.
 *
 * @module
 */
import type { Access } from "../access/access.ts";
import type { Targets } from "../access/targets/targets.ts";
import type { Peer } from "../base/peer.ts";
import type { Lease, Pool } from "../backend/backend.ts";
import type { Dialler } from "../backend/connect.ts";
import type { FileOutcome } from "../events/event.ts";
import type { Answer } from "../http/answer.ts";
import type { Pass } from "../limits/connections.ts";
import type { RequestHead } from "../http/request.ts";
import type { AcceptedRequest, FileRequest } from "../http/verdict.ts";
import type { Tunnel } from "../tunnel/tunnel.ts";
import type { TunnelOptions } from "../tunnel/tunnel_options.ts";
import type { FrameObserver } from "../websocket/frame.ts";
import type { Ticking } from "./sweep.ts";

/** What becomes of a connection: it is closed without a word, or has a pass, and is closed behind an answer where there is one. */
export type Acceptance = "dropped" | { readonly pass: Pass; readonly answer: Answer | null };

/** A request that may become a tunnel, by the configuration that held when it came. */
export interface Admitted extends AcceptedRequest {
  readonly pool: Pool;
  /** Null: whoever asks may come in. */
  readonly access: Access | null;
  /** Null: it leads to the hosts of its pool. */
  readonly targets: Targets | null;
  /** The parameters of its query that hold secrets. */
  readonly secrets: readonly string[];
  /** How often its tunnel is to be looked at. */
  readonly tickMs: number;
  readonly limits: TunnelLimits;
  /** How many tunnels may be opened in all; 0: any number. */
  readonly exitAfterTunnels: number;
  /** Its connection's. */
  readonly pass: Pass;
}

/** A request for a file, by the configuration that held when it came. */
export interface FilesAdmitted extends FileRequest {
  /** Null: whoever asks may have files. */
  readonly access: Access | null;
  /** Its connection's. */
  readonly pass: Pass;
}

/** What has become of a request for a file, or the answer that it gets in place of one. */
export type Served = FileOutcome | { readonly answer: Answer };

/** What bounds the tunnels of a route; 0: nothing does. */
export interface TunnelLimits {
  /** At once. */
  readonly maxTunnels: number;
  readonly tunnelIdleTimeoutMs: number;
  readonly maxLifetimeMs: number;
}

/** What a configuration sets an engine. */
export interface Limits {
  /** How long a client may take to send its request head. */
  readonly handshakeTimeoutMs: number;
  /** The largest request head. */
  readonly maxHeadBytes: number;
  /** What a client may be ahead of its backend, where it can't be made to wait. */
  readonly maxBufferBytes: number;
}

/** A request that may become a tunnel and whose it is, or the answer that it gets in place of one. */
export type Admission =
  | {
    readonly files: FilesAdmitted;
    readonly peer: Peer;
  }
  | {
    readonly accept: Admitted;
    /** Who is at the other end of the connection, or for whom that one says it speaks. */
    readonly peer: Peer;
  }
  | { readonly answer: Answer };

/** A backend for it, or the answer that it gets in place of one. */
export type Connected = Taken | { readonly answer: Answer };

/** A request that has its backend. */
export interface Taken {
  readonly lease: Lease;
  /** Who its client has proved to be; null where nobody asked. */
  readonly user: string | null;
}

/** How an engine is to begin a tunnel. */
export interface TunnelSettings extends TunnelOptions {
  /** Null unless each frame is told of. */
  readonly onFrame: FrameObserver | null;
}

/** How far a tunnel has come, and what it may be told, wherever its machine is. */
export type TunnelHandle = Pick<
  Tunnel,
  "upBytes" | "downBytes" | "upWaits" | "downWaits" | "released" | "end" | "cut"
>;

/** A tunnel that an engine moves. It is to be ticked until it is {@linkcode Tunnel.released}, unless that is seen to elsewhere. */
export interface RunningTunnel extends Partial<Ticking> {
  readonly machine: TunnelHandle;
  /** Bytes that are held until the backend takes them, and the client. */
  readonly upResidue: number;
  readonly downResidue: number;
}

export interface Door {
  /** Those that hold now. */
  readonly limits: Limits;
  /**
   * Asked of a connection before any of it is read; by the native engine, which is shown no connections, of each request. The engine releases the
   * pass once the connection is closed, unless it has become a tunnel's.
   */
  accepts(peer: Peer): Acceptance;
  /** Whoever connected speaks for somebody else, as he says in front of the head: an answer where that one may have no more connections. */
  speaksFor(pass: Pass, peer: Peer): Answer | null;
  /** Tells of a request that an engine refuses by itself, its head being none. */
  refused(peer: Peer, answer: Answer, pass: Pass): void;
  /** Whether it may speak for others. */
  trusts(peer: Peer): boolean;
  /** Tells of a connection that an engine ends, since a PROXY header is missing or wrong, or of somebody who isn't trusted. */
  unproxied(peer: Peer, reason: string): void;
  /** Decides by the head alone; from then on the request is of the peer that it names. */
  admit(head: RequestHead, peer: Peer, pass: Pass): Admission;
  /**
   * Asks whether the client may come in, and connects a backend; by the runtime, unless the engine brings who does. `signal` is aborted when the client goes
   * away or the listener is closed. Never rejects.
   */
  connect(
    head: RequestHead,
    accept: Admitted,
    peer: Peer,
    signal: AbortSignal,
    dialler?: Dialler,
  ): PromiseLike<Connected>;
  /** Asks whether the client may have files, has the engine send one by `send`, and tells of it. Never rejects. `signal` as in `connect()`. */
  serve(
    head: RequestHead,
    files: FilesAdmitted,
    peer: Peer,
    signal: AbortSignal,
    send: () => Promise<FileOutcome>,
  ): Promise<Served>;
  /** The client went away before the upgrade: its backend is let go. */
  abandon(accept: Admitted, peer: Peer, taken: Taken): void;
  /**
   * Opens the tunnel, which the engine makes by `start`, and ends the backend's lease and the connection's pass with it. False: there is none
   * for a defect, which was told of, and the client's connection is to be closed.
   */
  open(
    accept: Admitted,
    peer: Peer,
    connected: Taken,
    start: (settings: TunnelSettings) => RunningTunnel,
  ): boolean;
}

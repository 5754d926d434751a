/**
 * What an engine is: it turns bytes on a listener into requests for a handler, sends the handler's refusals, and gives a
 * {@linkcode ClientSocket} when told to upgrade.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { ListenConfig } from "../config/config.ts";
import type { Breather } from "../base/breather.ts";
import type { Logger } from "../base/logger.ts";
import type { Answer } from "../http/answer.ts";
import type { RequestHead } from "../http/request.ts";
import type { ClientSocket, ClientSocketOptions } from "../websocket/client_socket.ts";
import type { FrameObserver } from "../websocket/frame.ts";
import type { Buffers } from "../websocket/elastic_buffer.ts";
import type { SocketDiag } from "../sys/socket_diag.ts";
import type { RequestLog } from "./request_log.ts";

/** Who sent a request. */
export interface Peer {
  /** IP address without its port, or `unix`. */
  readonly address: string;
  /** Address and port, as the log shows it. */
  readonly name: string;
}

/** What the handler makes of a request. */
export type Admission = { readonly answer: Answer } | { readonly tunnel: WaitingTunnel };

/** A tunnel whose backend is connected and whose client is not yet upgraded. The engine calls one of the two functions. */
export interface WaitingTunnel {
  /** For `Sec-WebSocket-Protocol`; null: none. */
  readonly protocol: string | null;
  readonly frameType: "text" | "binary";
  /** 0: no Pings. */
  readonly pingIntervalMs: number;
  /** Null unless each frame is logged. */
  readonly onFrame: FrameObserver | null;
  /** Starts the tunnel, which closes the client when it ends. */
  run(client: ClientSocket): void;
  /** The client went away before the upgrade. */
  abandon(): void;
}

/** Decides about a request and connects its backend. `signal` is aborted when the client goes away or the listener is closed. Never rejects. */
export type Handler = (head: RequestHead, peer: Peer, signal: AbortSignal) => Promise<Admission>;

export interface EngineOptions extends Omit<ClientSocketOptions, "frameType" | "onFrame"> {
  readonly handshakeTimeoutMs: number;
  readonly buffers: Buffers;
  readonly breather: Breather;
  readonly diag: SocketDiag;
  readonly log: Logger;
  readonly requests: RequestLog;
}

/** A socket that takes requests. */
export interface Listener {
  /** With the real port. */
  readonly address: Address;
  /** Takes no more connections; resolves when none waits in its hands. Open tunnels live on. */
  close(): Promise<void>;
}

/** Listens at an address; throws where it can't. */
export type Engine = (place: ListenConfig, handler: Handler, options: EngineOptions) => Listener;

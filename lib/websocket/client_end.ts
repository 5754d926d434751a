/**
 * The client's end of a tunnel as payload bytes, as the tunnel's machine sees it: frames over a transport, or the runtime's own
 * WebSocket. Frames, masks, Pings, Pongs and Close frames stay behind it.
 *
 * @module
 */
import type { PeerStatus } from "../base/transport.ts";
import type { WideBytes } from "./wide_bytes.ts";

/**
 * Bytes that a caller of {@linkcode ClientEnd.send} leaves free in front of the payload, so that the frame's header goes there and one
 * system call sends both: the longest header, a masked one, RFC 6455 section 5.2.
 */
export const HEADROOM = 14;

/** Why nothing more comes from the client. */
export interface ClientFinish {
  /**
   * - `close`: it sent a Close frame
   * - `lost`: its connection ended without one
   * - `protocol`: it broke RFC 6455; to be told 1002, or 1007 for bad UTF-8
   * - `overflow`: it sent more than may be held (1009)
   * - `silent`: it left Pings unanswered (1001), where the runtime itself watches
   */
  readonly kind: "close" | "lost" | "protocol" | "overflow" | "silent";
  /** The close code received (1005: a Close without one), 1006 where it is lost, else the one to be told. */
  readonly code: number;
  readonly reason: string;
}

/** What is told of the client. */
export interface ClientListener {
  /** Payload in `[start..end)`, never empty; valid during the call, as are the bytes in front, which may be overwritten. */
  clientPayload(wide: WideBytes, start: number, end: number): void;
  /** Nothing more comes from it; once. */
  clientFinished(finish: ClientFinish): void;
  /** Nothing more can be sent to it, while something may still come. */
  clientRefused(): void;
  /** Everything that it was sent is out. */
  clientDrained(): void;
  /** Its connection is closed by us, or as good as: nothing more is told. */
  clientClosed(): void;
}

/** What can be done with the client; none of it waits. */
export interface ClientEnd {
  /**
   * Sends `[start..end)` as one message; the {@linkcode HEADROOM} bytes in front are overwritten. Of text they are whole characters.
   * False: some of it waits, {@linkcode ClientListener.clientDrained} follows.
   */
  send(wide: WideBytes, start: number, end: number): boolean;
  /** Nothing that it was sent waits. */
  readonly drained: boolean;
  /** Counts up whenever bytes have come from it: it is alive. */
  readonly heard: number;
  /** Bytes on the wire to it. */
  readonly sent: number;
  /** The same and those that wait to go there: all that stands before what is sent next. */
  readonly handed: number;
  /** Those on the wire that are with its system, as far as ours tells. Asks it. */
  arrived(): number;
  /** How its system stands to ours; null where that isn't known. Asks ours. */
  askPeer(): PeerStatus | null;
  /**
   * The most that it may have to read before it comes to a Ping that it has not answered: what it was sent since the last one
   * that it did.
   */
  readonly unreadBytes: number;
  /** Whether it is ours to send Pings; the runtime's WebSocket sends its own. */
  readonly pings: boolean;
  ping(): void;
  pauseReading(): void;
  resumeReading(): void;
  /**
   * Finds out whether a client that nothing is received from is still there: by the system alone, or by a Pong, since only bytes make
   * the system of one that is gone say that nobody is there.
   */
  probe(how: "quietly" | "pong"): void;
  /**
   * Sends a Close behind what waits, throws away payload that still comes, and ends the connection once the client's Close has come, too. 1006
   * ends it at once without a word. Only once.
   */
  close(code: number, reason: string): void;
  /** Our Close is out. */
  readonly closeSent: boolean;
  /** Its connection ended under our Close, so that it may not have got it. */
  readonly closeLost: boolean;
  /** Has waited long enough for the client's Close: ends our direction; what still comes is thrown away. */
  shutdown(): void;
  /** Ends the connection, now. */
  cut(): void;
}

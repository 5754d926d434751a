/**
 * The client's end of a tunnel as payload bytes: the one seam between the engines and everything else. Frames, masks,
 * Pings, Pongs and Close frames stay behind it.
 *
 * @module
 */
import type { FrameObserver } from "./frame.ts";

/**
 * Bytes that a caller of {@linkcode ClientSocket.write} leaves free in front of the payload, so that the frame's header
 * goes there and one system call sends both: the longest unmasked header, RFC 6455 section 5.2.
 */
export const HEADROOM = 10;

/** Why nothing more comes from the client. */
export interface ClientEnd {
  /**
   * - `close`: the client sent a Close frame
   * - `lost`: its connection ended without one
   * - `protocol`: it broke RFC 6455; a Close with `code` has been sent (1002, or 1007 for bad UTF-8)
   * - `overflow`: it sent more than the engine may hold (1009)
   * - `silent`: it left Pings unanswered (1001), where the engine itself watches
   * - `ended`: we closed first
   */
  readonly kind: "close" | "lost" | "protocol" | "overflow" | "silent" | "ended";
  /** The close code received (1005: a Close without one), or the one we sent. */
  readonly code: number;
  readonly reason: string;
}

/** The client's end of a tunnel. One reader and one writer at a time. */
export interface ClientSocket {
  /**
   * Gives the next payload bytes, or null once the client has ended; then {@linkcode ended} is settled. The view is
   * valid until the next call, and never empty.
   */
  read(): Promise<Uint8Array | null>;

  /**
   * Sends `buffer[start..end)` as one message. The caller leaves {@linkcode HEADROOM} bytes free before `start`, which
   * are overwritten. Of a text socket the bytes are whole UTF-8 characters.
   *
   * Resolves when more may be written and `buffer` may be used again; false: the client is gone, nothing more can be sent.
   */
  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<boolean>;

  /** Sends an empty Ping as soon as the frame under way allows; null where the engine sends its own. */
  readonly ping: (() => void) | null;

  /** Counts up whenever bytes have come from the client, a Pong's among them: it is alive. No clock on the hot path. */
  readonly heard: number;

  /**
   * The most that the client may have to read before it comes to a Ping that it has not answered: what it was sent since the last
   * one that it did.
   */
  readonly unreadBytes: number;

  /**
   * Whether the client's system has acknowledged nothing for so long, though ours has tried again and again.
   * False also where our system doesn't tell.
   */
  isUnreachable(forMs: number): boolean;

  /**
   * The reader can't go on (its backend stalls): look at what the client sends, as far as the engine's read-ahead
   * reaches, so that Pings are answered and a Close or a lost connection is seen. False: it reaches no further, so that
   * the client may be alive without being {@linkcode heard}.
   */
  lookAhead(): boolean;

  /** The client has been quiet for a while: memory that a burst took can be given back until the next one. */
  rest(): void;

  /**
   * Ends the socket: sends a Close and waits, within the engine's deadline, for the client's, then ends the connection.
   * Answers the client's own Close with its code; 1006 ends the connection without a word. Cuts a write under way off after the deadline.
   * Called again it returns the same promise. Never rejects.
   */
  close(code: number, reason: string): Promise<void>;

  /** Once {@linkcode close} has resolved: the connection ended under our Close, so that the client may not have got it. */
  readonly closeLost: boolean;

  /** Gives buffers back, once {@linkcode close} has resolved and nobody uses what {@linkcode read} gave. */
  release(): void;

  /** Why nothing more comes from the client. Never rejects. */
  readonly ended: Promise<ClientEnd>;
}

/** What an engine needs to know to make a {@linkcode ClientSocket}. */
export interface ClientSocketOptions {
  /** The type of the frames sent. */
  readonly frameType: "text" | "binary";
  readonly maxBufferBytes: number;
  readonly bufferBytes: number;
  /** Null unless each frame is logged. */
  readonly onFrame: FrameObserver | null;
}

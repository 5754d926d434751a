/**
 * A byte stream that a driver moves, as the pure core sees it: nothing here waits and nothing throws. What happens on it the
 * driver tells by calls of its own.
 *
 * @module
 */

/** How the bytes from a peer ended: by its end of stream, a connection that failed, or a program that failed before it sent any. */
export type StreamEnd = "fin" | "reset" | "failed";

/** How the system of a transport's peer stands to ours, by what it last said. */
export interface PeerStatus {
  /** Bytes of {@linkcode Transport.sent} that it has acknowledged. */
  readonly arrivedBytes: number;
  /** For how many more it has room; null where that isn't known. */
  readonly roomBytes: number | null;
  /** Some are on their way and not acknowledged. None are while bytes wait for it to have room. */
  readonly inFlight: boolean;
  /** How often in a row the same bytes were sent again, or it was asked whether it has room, without an answer. */
  readonly unanswered: number;
  /** How long ago it last acknowledged anything, also that it has no room. */
  readonly sinceAckMs: number;
}

/** One connection, or a program's input and output. */
export interface Transport {
  /** Bytes that are out: with the system, or with the runtime where that doesn't tell. */
  readonly sent: number;
  /** Some that were taken are not out yet; the driver tells when they are. */
  readonly busy: boolean;
  /** How many bytes that is. */
  readonly pending: number;
  /**
   * Takes bytes to be sent, now, and gives how many. Where that is less than all, the driver tells once more can be taken.
   * It may go on reading those it took until it has told that they are out, so nobody writes there meanwhile. After
   * {@linkcode shutdown} or {@linkcode close} it takes none.
   */
  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number;
  /** Nothing more is to be received until {@linkcode resumeReading}; what is on its way already may still come. */
  pauseReading(): void;
  resumeReading(): void;
  /** Finds out whether the peer is still there, of which a transport that nothing is received from hears nothing; puts no byte on the wire. */
  probe(): void;
  /** Those of {@linkcode sent} that our system is rid of: they are with the peer's. All of them where it doesn't tell. Asks it, so not for each message. */
  arrived(): number;
  /** Asks the system; null where it doesn't tell, or the peer is on this machine and can't vanish. */
  askPeer(): PeerStatus | null;
  /** Ends our direction behind what was taken: the peer sees the end of the stream and may go on sending. */
  shutdown(): void;
  /** Ends both directions, what was taken and is not out being dropped. Nothing is told of it after that. */
  close(): void;
}

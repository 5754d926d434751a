/**
 * A byte stream that a driver moves, as the pure core sees it: nothing here waits and nothing throws. What happens on it the
 * driver tells by calls of its own.
 *
 * @module
 */

/** How the bytes from a peer ended: by its end of stream, a connection that failed, or a program that failed before it sent any. */
export type StreamEnd = "fin" | "reset" | "failed";

/** One connection, or a program's input and output. */
export interface Transport {
  /** Bytes that are out: with the system, or with the runtime where that doesn't tell. */
  readonly sent: number;
  /** Some that were taken are not out yet; the driver tells when they are. */
  readonly busy: boolean;
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
  /**
   * Whether the peer's system has acknowledged nothing for so long, though ours has tried again and again. False also where
   * that isn't known.
   */
  isUnreachable(forMs: number): boolean;
  /** Ends our direction behind what was taken: the peer sees the end of the stream and may go on sending. */
  shutdown(): void;
  /** Ends both directions, what was taken and is not out being dropped. Nothing is told of it after that. */
  close(): void;
}

/**
 * The backend's end of a tunnel, whatever carries it: a TCP or unix-domain connection, or a program's standard input and output.
 *
 * @module
 */

/** A program has failed before it sent anything: there was no conversation that could have ended. */
export class ProgramFailure extends Error {}

/** A byte stream each way. `Deno.TcpConn` and `Deno.UnixConn` are one as they are. */
export interface BackendConnection {
  /**
   * How long it may be silent once its input has ended before it is closed, since it may still be using what it was sent.
   * @default {2000}
   */
  readonly lingerMs?: number;
  /**
   * Fills `buffer` with what there is and gives the count, or null at the end of the stream. Rejects on a reset, and with a
   * {@linkcode ProgramFailure}.
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Sends some of `buffer` and gives how much. Rejects when the backend is gone. */
  write(buffer: Uint8Array): Promise<number>;
  /** Ends our direction: the backend sees the end of the stream and may go on sending. */
  closeWrite(): Promise<void>;
  /** Ends both directions; a read or write under way rejects. */
  close(): void;
}

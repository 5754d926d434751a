/**
 * What goes out on a client's connection: one frame at a time, control frames between the messages.
 *
 * @module
 */

/** What the sender writes to. */
export interface SendConnection {
  write(buffer: Uint8Array): Promise<number>;
}

/** Who is told what became of frames. */
export interface SendListener {
  /** Once, when the connection takes no more. */
  sendFailed(error: unknown): void;
  /** Control frames, one or several Pongs, are out. */
  controlsSent(frames: Uint8Array): void;
}

const NOTHING = new Uint8Array(0);

/** Sends frames whole and in turn. */
export class Sender {
  /** Bytes of messages, their headers among them, that the connection has taken. */
  messageBytes = 0;
  readonly #connection: SendConnection;
  readonly #listener: SendListener;
  /** A frame is on its way. */
  #busy = false;
  #failed = false;
  /** A Close is on its way or out: no message follows it. */
  #closed = false;
  /** The message that waits for control frames to be out. */
  #turn: (() => void) | null = null;
  /** Control frames that wait for a message to be out; of Pongs only the latest (RFC 6455 section 5.5.3). */
  #pongs: Uint8Array | null = null;
  #ping: Uint8Array | null = null;
  #close: Uint8Array | null = null;
  #onClosed: (() => void) | null = null;

  constructor(connection: SendConnection, listener: SendListener) {
    this.#connection = connection;
    this.#listener = listener;
  }

  /** Sends a message's frame; false: it can't be sent any more. One at a time. */
  async message(frame: Uint8Array): Promise<boolean> {
    // Again: between being let go and going on, another frame may have begun.
    while (this.#busy) await new Promise<void>((resolve) => this.#turn = resolve);
    if (this.#failed || this.#closed) return false;
    this.#busy = true;
    try {
      for (let sent = 0; sent < frame.length;) {
        const count = await this.#connection.write(sent === 0 ? frame : frame.subarray(sent));
        sent += count;
        this.messageBytes += count;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#release();
    return !this.#failed;
  }

  pongs(frames: Uint8Array): void {
    this.#pongs = frames;
    this.#flush();
  }

  ping(frame: Uint8Array): void {
    this.#ping = frame;
    this.#flush();
  }

  /** Sends the last frame; resolves when it is out or can't be sent. */
  close(frame: Uint8Array): Promise<void> {
    this.#closed = true;
    this.#close = frame;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onClosed = resolve;
    this.#flush();
    return promise;
  }

  /**
   * Finds out whether the connection still takes bytes, unless something is on its way that will. A write of nothing puts no
   * byte on the wire and is refused on a connection that was reset (send(2), EPIPE).
   */
  async probe(frame: Uint8Array = NOTHING): Promise<void> {
    if (this.#busy || this.#failed || this.#closed) return;
    this.#busy = true;
    try {
      let sent = 0;
      do sent += await this.#connection.write(frame.subarray(sent)); while (sent < frame.length);
      this.#listener.controlsSent(frame);
    } catch (error) {
      this.#fail(error);
    }
    this.#release();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#listener.sendFailed(error);
  }

  #release(): void {
    this.#busy = false;
    if (this.#pongs !== null || this.#ping !== null || this.#close !== null) this.#flush();
    if (this.#busy) return;
    const turn = this.#turn;
    this.#turn = null;
    turn?.();
  }

  async #flush(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let frame = this.#next(); frame !== null; frame = this.#next()) {
      try {
        for (let sent = 0; sent < frame.length && !this.#failed;) {
          sent += await this.#connection.write(frame.subarray(sent));
        }
      } catch (error) {
        this.#fail(error);
      }
      if (!this.#failed) this.#listener.controlsSent(frame);
      if (this.#closed && this.#close === null) this.#onClosed?.();
    }
    this.#release();
  }

  #next(): Uint8Array | null {
    const frame = this.#pongs ?? this.#ping ?? this.#close;
    if (frame === this.#pongs) this.#pongs = null;
    else if (frame === this.#ping) this.#ping = null;
    else this.#close = null;
    return frame;
  }
}

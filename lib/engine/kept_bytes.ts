/**
 * Bytes kept until more have come.
 *
 * @module
 */

/** Grows by doubling, so that a client that sends a byte at a time has each of them copied a few times, not thousands of times. */
export class KeptBytes {
  length = 0;
  #room: Uint8Array<ArrayBuffer> = NOTHING;

  /** A view, valid until more are added. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const { length } = this.#room;
    return length === this.length ? this.#room : this.#room.subarray(0, this.length);
  }

  /** Copies those in `[from..to)`. */
  add(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    const length = this.length + to - from;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#room.length));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(bytes.subarray(from, to), this.length);
    this.length = length;
  }
}

const NOTHING = new Uint8Array(0);

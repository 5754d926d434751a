/**
 * Records from one thread to another through memory that both share: one thread writes, one reads, and neither ever waits.
 *
 * A record is a kind, some numbers and some bytes. It lies in one piece, in slots of eight bytes: its length in slots, its kind, how many numbers and
 * how many bytes, then these. Where the rest of the ring is too short for one, a mark there says to go on at the start. What is written
 * is told by one counter, and what is read by another; both only grow, and each has one thread that sets it.
 *
 * @module
 */

/** A power of two. */
const SLOTS = 2 ** 15;
const SLOT_BYTES = 8;
const STATE_BYTES = 64;
const HEADER_SLOTS = 4;

/** In place of a record's length: go on at the start. */
const WRAP = -1;

// Of the state: how many slots have been written since the start, and read.
const WRITTEN = 0;
const READ = 1;

/** The longest record that there may be, its bytes and eight for each number counted together. */
export const MAX_RECORD_BYTES = SLOTS * SLOT_BYTES / 4;

/** A record as it is handed over; both are the taker's to keep. */
export type Take = (kind: number, numbers: number[], bytes: Uint8Array<ArrayBuffer>) => void;

export function allocateRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(STATE_BYTES + SLOTS * SLOT_BYTES);
}

export class Ring {
  readonly #state: Int32Array;
  readonly #slots: Float64Array;
  readonly #bytes: Uint8Array;

  constructor(shared: SharedArrayBuffer) {
    this.#state = new Int32Array(shared, 0, STATE_BYTES / 4);
    this.#slots = new Float64Array(shared, STATE_BYTES);
    this.#bytes = new Uint8Array(shared, STATE_BYTES);
  }

  /** Writes a record; false: there is no room for it until more has been read. */
  write(kind: number, numbers: readonly number[], bytes: Uint8Array): boolean {
    const state = this.#state;
    const slots = this.#slots;
    const length = HEADER_SLOTS + numbers.length + Math.ceil(bytes.length / SLOT_BYTES);
    const written = state[WRITTEN]!;
    const at = written & (SLOTS - 1);
    const skipped = at + length > SLOTS ? SLOTS - at : 0;
    if ((written + skipped + length - Atomics.load(state, READ) | 0) > SLOTS) return false;
    if (skipped > 0) slots[at] = WRAP;
    let next = skipped > 0 ? 0 : at;
    slots[next++] = length;
    slots[next++] = kind;
    slots[next++] = numbers.length;
    slots[next++] = bytes.length;
    for (const number of numbers) slots[next++] = number;
    this.#bytes.set(bytes, next * SLOT_BYTES);
    Atomics.store(state, WRITTEN, written + skipped + length | 0);
    return true;
  }

  /** Whether all has been read that was written; for either end. */
  get isRead(): boolean {
    return Atomics.load(this.#state, READ) === Atomics.load(this.#state, WRITTEN);
  }

  /** Hands over all that has been written by now; what comes meanwhile is for the next time, so that a writer in haste keeps nobody here. */
  readAll(take: Take): void {
    const state = this.#state;
    const end = Atomics.load(state, WRITTEN);
    // Whoever takes one may read on as well.
    while ((end - state[READ]! | 0) > 0) this.read(take);
  }

  /** Hands over the next record; false: there is none. */
  read(take: Take): boolean {
    const state = this.#state;
    const slots = this.#slots;
    const read = state[READ]!;
    if (Atomics.load(state, WRITTEN) === read) return false;
    const at = read & (SLOTS - 1);
    const skipped = slots[at] === WRAP ? SLOTS - at : 0;
    let next = skipped > 0 ? 0 : at;
    const length = slots[next++]!;
    const kind = slots[next++]!;
    const count = slots[next++]!;
    const byteLength = slots[next++]!;
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) numbers.push(slots[next++]!);
    const bytes = new Uint8Array(new ArrayBuffer(byteLength));
    bytes.set(this.#bytes.subarray(next * SLOT_BYTES, next * SLOT_BYTES + byteLength));
    Atomics.store(state, READ, read + skipped + length | 0);
    take(kind, numbers, bytes);
    return true;
  }
}

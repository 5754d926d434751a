/**
 * The buffer of one direction of a tunnel: small while little comes at a time, large while much does. An idle tunnel
 * holds a fraction of a page for each direction, a busy one moves bulk with few system calls.
 *
 * @module
 */
import { createSlab, type Slab } from "./slab.ts";
import type { WideBytes } from "./wide_bytes.ts";

/** Where buffers come from. */
export interface Buffers {
  readonly small: Slab;
  readonly large: Slab;
}

/** Holds a shell's keystrokes, a poll, a Ping: four to a page. */
const SMALL_BYTES = 1024;

/**
 * A large buffer is given up after so many reads in a row of at most half a small one. Not at the first: to read a large
 * message's first kilobyte by itself halves the rate of a tunnel that mixes sizes.
 */
const SMALL_READS = 32;

export function createBuffers(largeBytes: number): Buffers {
  return { small: createSlab(SMALL_BYTES), large: createSlab(largeBytes) };
}

/** A buffer that changes its size when its owner says that it may. */
export class ElasticBuffer {
  wide: WideBytes;
  readonly #buffers: Buffers;
  #isLarge: boolean;
  #smallReads = 0;
  /** Whether the last reads ask for the other size. */
  misfits = false;

  /** Begins small unless `atLeastBytes` need more. */
  constructor(buffers: Buffers, atLeastBytes = 0) {
    this.#buffers = buffers;
    this.#isLarge = atLeastBytes > SMALL_BYTES / 2;
    this.wide = (this.#isLarge ? buffers.large : buffers.small).take();
  }

  /** Takes note of a read of `count` bytes into a space of `spaceBytes`. */
  note(count: number, spaceBytes: number): void {
    if (!this.#isLarge) {
      this.misfits = count >= spaceBytes;
    } else {
      this.#smallReads = count > SMALL_BYTES / 2 ? 0 : this.#smallReads + 1;
      this.misfits = this.#smallReads >= SMALL_READS;
    }
  }

  /** Changes the size; the bytes `[from..to)`, at most half a small buffer, move to `at`. The other buffer is free. */
  swap(from: number, to: number, at: number): void {
    const old = this.wide;
    const oldSlab = this.#slab;
    this.#isLarge = !this.#isLarge;
    this.#smallReads = 0;
    this.misfits = false;
    this.wide = this.#slab.take();
    this.wide.bytes.set(old.bytes.subarray(from, to), at);
    oldSlab.give(old);
  }

  /** Gives the buffer back; nothing may be reading into it or writing from it. */
  free(): void {
    this.#slab.give(this.wide);
  }

  get #slab(): Slab {
    return this.#isLarge ? this.#buffers.large : this.#buffers.small;
  }
}

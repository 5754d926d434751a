/**
 * The buffer of one direction of a tunnel: small while little comes at a time, large while much does. An idle tunnel
 * holds a fraction of a page for each direction, a busy one moves bulk with few system calls.
 *
 * @module
 */
import { createSlab, type Release, type Slab } from "./slab.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";

/** Where buffers come from. */
export interface Buffers {
  readonly small: Slab;
  readonly large: Slab;
  /** Null where pages can't be given back by themselves. */
  readonly release: Release | null;
  /** To be called now and then: gives the pages back of large buffers that nobody has needed for a while. */
  trim(nowMs: number): void;
}

/** Holds a shell's keystrokes, a poll, a Ping: four to a page. */
export const SMALL_BYTES = 1024;

/**
 * A large buffer is given up after so many reads in a row of at most half a small one. Not at the first: to read a large
 * message's first kilobyte by itself halves the rate of a tunnel that mixes sizes.
 */
const SMALL_READS = 32;

/** Who needs a buffer again within this time finds its pages still there. */
const TRIM_MS = 1_000;

/** At 15 us for each of 256 KiB nothing else waits for longer than some 15 ms. */
const MAX_RELEASES = 1024;

/** Makes buffers of both sizes; `releasePages` gives memory back to the system where that can be done. */
export function createBuffers(
  largeBytes: number,
  releasePages: ((bytes: Uint8Array<ArrayBuffer>) => void) | null = null,
): Buffers {
  let releasesLeft = MAX_RELEASES;
  let trimmedMs = -Infinity;
  const release: Release | null = releasePages && ((bytes) => {
    if (releasesLeft === 0) return false;
    releasesLeft--;
    releasePages(bytes);
    return true;
  });
  const small = createSlab(SMALL_BYTES);
  const large = createSlab(largeBytes, release);
  return {
    small,
    large,
    release,
    trim(nowMs) {
      if (nowMs - trimmedMs < TRIM_MS) return;
      trimmedMs = nowMs;
      releasesLeft = MAX_RELEASES;
      large.trim();
    },
  };
}

/** A buffer that changes its size when its owner says that it may. */
export class ElasticBuffer {
  wide: WideBytes;
  readonly #buffers: Buffers;
  #isLarge = false;
  #smallReads = 0;
  /** Nothing was read since its pages were given back. */
  #rests = false;
  /** Whether the last reads ask for the other size. */
  misfits = false;

  /** Begins small. */
  constructor(buffers: Buffers) {
    this.#buffers = buffers;
    this.wide = buffers.small.take();
  }

  /** Takes note of a read of `count` bytes into a space of `spaceBytes`. */
  note(count: number, spaceBytes: number): void {
    this.#rests = false;
    if (!this.#isLarge) {
      this.misfits = count >= spaceBytes;
    } else {
      this.#smallReads = count > SMALL_BYTES / 2 ? 0 : this.#smallReads + 1;
      this.misfits = this.#smallReads >= SMALL_READS;
    }
  }

  /** Changes the size; what stands in the other buffer, which is free then, is lost. */
  swap(): void {
    this.free();
    this.#isLarge = !this.#isLarge;
    this.#smallReads = 0;
    this.#rests = false;
    this.misfits = false;
    this.wide = this.#slab.take();
  }

  /** Gives the pages of a large buffer back, from the index on: what stands there is lost. A read into it may be under way. */
  rest(from: number): void {
    if (!this.#isLarge || this.#rests) return;
    this.#rests = this.#buffers.release?.(this.wide.bytes.subarray(from)) ?? true;
  }

  /** Gives the buffer back; nothing may be reading into it or writing from it. */
  free(): void {
    this.#slab.give(this.wide);
  }

  get #slab(): Slab {
    return this.#isLarge ? this.#buffers.large : this.#buffers.small;
  }
}

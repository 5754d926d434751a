/**
 * Buffers for tunnels: slices of large arrays whose pages the kernel commits on first touch, handed out last in first
 * out so that touched pages are used again, and given back to the system a chunk at a time once a burst is over, or page by
 * page where one that is still used holds the chunk.
 *
 * A fresh `Uint8Array` a tunnel would be committed whole: measured at 190 KiB for an idle tunnel against 20.
 *
 * @module
 */

import { type WideBytes, wideBytes } from "../websocket/wide_bytes.ts";

/** Gives the pages of a buffer back to the system; false: later, enough has been given back for now. */
export type Release = (bytes: Uint8Array<ArrayBuffer>) => boolean;

/** Hands out buffers of one size. */
export interface Slab {
  /** A buffer of the slab's size with anything in it. */
  take(): WideBytes;
  /** Takes a buffer back; its owner must have no read or write under way with it. */
  give(buffer: WideBytes): void;
  /** Gives the pages back of what nobody has needed since the last call, also of chunks that are still in use. */
  trim(): void;
  /** Buffers handed out, and their bytes. */
  readonly used: number;
  readonly usedBytes: number;
  /** Bytes of address space held. */
  readonly reservedBytes: number;
}

/** Above glibc's largest mmap threshold (32 MiB), so that a chunk is always mapped, never cleared by writing zeros. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/**
 * A chunk of which no more than this was ever used stays: one tunnel after another would map, clear and unmap memory
 * each time, measured at 0.5 ms.
 */
const KEPT_BYTES = 4 * 1024 * 1024;

interface Chunk {
  readonly memory: ArrayBuffer;
  /** The first `released` of them have no pages. */
  readonly free: WideBytes[];
  released: number;
  /** The fewest that were free at a time since the last trim. */
  leastFree: number;
  /** Slices cut so far; the rest have never been touched. */
  cut: number;
}

/** Makes a slab of buffers of `bufferBytes` each; without `release` pages are given back with their chunk alone. */
export function createSlab(bufferBytes: number, release: Release | null = null): Slab {
  // Slices begin at multiples of eight, see wideBytes().
  const sliceBytes = Math.ceil(bufferBytes / 8) * 8;
  const slices = Math.max(1, Math.floor(CHUNK_BYTES / sliceBytes));
  const chunks: Chunk[] = [];
  let used = 0;

  const hasRoom = (chunk: Chunk) => chunk.free.length > 0 || chunk.cut < slices;
  const isWorthKeeping = ({ free, cut }: Chunk) =>
    free.length < cut || cut * sliceBytes <= KEPT_BYTES;

  return {
    take() {
      // The oldest chunk with room: the newer ones empty themselves and can be given back.
      let chunk = chunks.find(hasRoom);
      if (chunk === undefined) {
        const memory = new ArrayBuffer(slices * sliceBytes);
        chunk = { memory, free: [], released: 0, leastFree: 0, cut: 0 };
        chunks.push(chunk);
      }
      used++;
      const buffer = chunk.free.pop() ??
        wideBytes(new Uint8Array(chunk.memory, sliceBytes * chunk.cut++, bufferBytes));
      const left = chunk.free.length;
      if (left < chunk.leastFree) chunk.leastFree = left;
      if (left < chunk.released) chunk.released = left;
      return buffer;
    },
    give(buffer) {
      const chunk = chunks.find((chunk) => chunk.memory === buffer.bytes.buffer);
      if (chunk === undefined) throw new Error("a buffer came back to a slab that it is not from");
      chunk.free.push(buffer);
      used--;
      if (isWorthKeeping(chunk)) return;
      chunks.splice(chunks.indexOf(chunk), 1);
      // Gives the pages back at once: an idle program may not collect garbage for minutes.
      chunk.memory.transfer(0);
    },
    trim() {
      if (release === null) return;
      for (const chunk of chunks) {
        const { free, leastFree } = chunk;
        while (chunk.released < leastFree && release(free[chunk.released]!.bytes)) chunk.released++;
        chunk.leastFree = free.length;
      }
    },
    get used() {
      return used;
    },
    get usedBytes() {
      return used * bufferBytes;
    },
    get reservedBytes() {
      return chunks.length * slices * sliceBytes;
    },
  };
}

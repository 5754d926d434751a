/**
 * What a transport has not taken yet: the rest of a short send, held until there is room.
 *
 * It owns no memory while everything is taken.
 *
 * @module
 */
import type { Transport } from "./transport.ts";

/** Small pieces are put together, so that they need not be sent one by one. */
const CHUNK_BYTES = 4 * 1024;

/** `[start..end)` is to be sent; what is behind is room. The transport may still be reading what is in front. */
interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  start: number;
  end: number;
}

/** Sends everything in its order: now, or once the driver has told of room. */
export class Outbox {
  /** Bytes that wait. */
  size = 0;
  readonly #transport: Transport;
  #chunks: Chunk[] = NONE;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Takes all of `bytes[start..end)`; false: some wait, see {@linkcode flush}. */
  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    const taken = this.size === 0 ? this.#transport.send(bytes, start, end) : 0;
    if (taken === end - start) return true;
    this.#hold(bytes, start + taken, end);
    return false;
  }

  /** Tries again, as there is room; true: nothing waits any more. */
  flush(): boolean {
    while (this.size > 0) {
      const chunk = this.#chunks[0]!;
      const taken = this.#transport.send(chunk.bytes, chunk.start, chunk.end);
      chunk.start += taken;
      this.size -= taken;
      if (chunk.start < chunk.end) return false;
      this.#chunks.shift();
    }
    this.#chunks = NONE;
    return true;
  }

  /** Forgets what waits, and frees its memory at once, but for what the transport may still be reading. */
  drop(): void {
    for (const { bytes } of this.#chunks.slice(1)) bytes.buffer.transfer(0);
    this.size = 0;
    this.#chunks = NONE;
  }

  #hold(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const added = end - start;
    this.size += added;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.bytes.length - chunk.end < added) {
      chunk = { bytes: new Uint8Array(Math.max(added, CHUNK_BYTES)), start: 0, end: 0 };
      if (this.#chunks === NONE) this.#chunks = [];
      this.#chunks.push(chunk);
    }
    chunk.bytes.set(bytes.subarray(start, end), chunk.end);
    chunk.end += added;
  }
}

/** Shared by all that hold nothing. */
const NONE: Chunk[] = [];

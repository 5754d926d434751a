/**
 * What a transport has not taken yet: the rest of a short send, held until there is room. Where everything is taken there is none.
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

/** Bytes that wait, in their order. */
export class Outbox {
  size = 0;
  readonly #transport: Transport;
  readonly #chunks: Chunk[] = [];

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Takes a copy of `bytes[start..end)`. */
  hold(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const added = end - start;
    this.size += added;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.bytes.length - chunk.end < added) {
      chunk = { bytes: new Uint8Array(Math.max(added, CHUNK_BYTES)), start: 0, end: 0 };
      this.#chunks.push(chunk);
    }
    chunk.bytes.set(bytes.subarray(start, end), chunk.end);
    chunk.end += added;
  }

  /** Sends on, as there is room; true: nothing waits any more. */
  flush(): boolean {
    while (this.size > 0) {
      const chunk = this.#chunks[0]!;
      const taken = this.#transport.send(chunk.bytes, chunk.start, chunk.end);
      chunk.start += taken;
      this.size -= taken;
      if (chunk.start < chunk.end) return false;
      this.#chunks.shift();
    }
    return true;
  }

  /** Frees the memory at once, but for what the transport may still be reading. Not to be used after that. */
  free(): void {
    for (const { bytes } of this.#chunks.slice(1)) bytes.buffer.transfer(0);
  }
}

/** Sends all of `bytes[start..end)` behind what waits already, if anything does; gives what waits then, null: nothing. */
export function sendBehind(
  waiting: Outbox | null,
  transport: Transport,
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
): Outbox | null {
  const taken = waiting === null ? transport.send(bytes, start, end) : 0;
  if (taken === end - start) return waiting;
  const outbox = waiting ?? new Outbox(transport);
  outbox.hold(bytes, start + taken, end);
  return outbox;
}

/** Frees what waits, if anything does; gives what waits then: nothing. */
export function drop(waiting: Outbox | null): null {
  waiting?.free();
  return null;
}

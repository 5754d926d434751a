/**
 * How the backend's bytes become the payload of messages: as they are, as whole UTF-8 characters, or as base64. Each
 * works over one buffer, with room for the frame's header left in front.
 *
 * @module
 */
import { HEADROOM } from "../websocket/client_socket.ts";
import type { ElasticBuffer } from "../websocket/elastic_buffer.ts";
import { completePrefix } from "../websocket/utf8.ts";
import { encodeInPlace } from "./base64.ts";

/** Puts what is read from the backend into messages. A message lies in the buffer from `start` to `end`. */
export interface Packing {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly start: number;
  /** Equal to `start` when there is nothing to send yet. */
  readonly end: number;
  /** Where the backend's next bytes go; the last message must have been sent. Never empty. */
  space(): Uint8Array;
  /** Makes a message of the `count` bytes read into the space; false: after it come bytes that can't be sent. */
  pack(count: number): boolean;
  /** Gives memory back that a burst took; what was packed has been sent. A read into the space may be under way. */
  rest(): void;
  /** Whether the backend's stream may end here. */
  readonly complete: boolean;
}

/** Chooses the packing; the buffer is the packing's as long as it is used. */
export function createPacking(
  encoding: "binary" | "text" | "base64",
  buffer: ElasticBuffer,
): Packing {
  if (encoding === "text") return new TextPacking(buffer);
  return encoding === "binary" ? new BinaryPacking(buffer) : new Base64Packing(buffer);
}

class BinaryPacking implements Packing {
  readonly start = HEADROOM;
  end = HEADROOM;
  readonly complete = true;
  readonly #buffer: ElasticBuffer;
  #space: Uint8Array<ArrayBuffer>;

  constructor(buffer: ElasticBuffer) {
    this.#buffer = buffer;
    this.#space = buffer.wide.bytes.subarray(HEADROOM);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.wide.bytes;
  }

  space(): Uint8Array {
    if (this.#buffer.misfits) {
      this.#buffer.swap(0, 0, 0);
      this.#space = this.bytes.subarray(HEADROOM);
    }
    return this.#space;
  }

  rest(): void {
    this.#buffer.rest(0);
  }

  pack(count: number): boolean {
    this.#buffer.note(count, this.#space.length);
    this.end = HEADROOM + count;
    return true;
  }
}

/** A character that is split over two reads goes into the next message. */
class TextPacking implements Packing {
  readonly start = HEADROOM;
  end = HEADROOM;
  readonly #buffer: ElasticBuffer;
  #filled = HEADROOM;

  constructor(buffer: ElasticBuffer) {
    this.#buffer = buffer;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.wide.bytes;
  }

  get complete(): boolean {
    return this.#filled === this.end;
  }

  space(): Uint8Array {
    if (this.#buffer.misfits) this.#buffer.swap(this.end, this.#filled, HEADROOM);
    else this.bytes.copyWithin(HEADROOM, this.end, this.#filled);
    this.#filled -= this.end - HEADROOM;
    this.end = HEADROOM;
    return this.bytes.subarray(this.#filled);
  }

  rest(): void {
    // Otherwise what is left of a character still stands behind the message.
    if (this.end === HEADROOM) this.#buffer.rest(this.#filled);
  }

  pack(count: number): boolean {
    this.#buffer.note(count, this.bytes.length - this.#filled);
    this.#filled += count;
    const prefix = completePrefix(this.#buffer.wide, HEADROOM, this.#filled);
    this.end = prefix.end;
    return prefix.valid;
  }
}

/** The bytes go to the buffer's end and the text to its front: it never overtakes them, see encodeInPlace(). */
class Base64Packing implements Packing {
  readonly start = HEADROOM;
  end = HEADROOM;
  readonly complete = true;
  readonly #buffer: ElasticBuffer;

  constructor(buffer: ElasticBuffer) {
    this.#buffer = buffer;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.wide.bytes;
  }

  space(): Uint8Array {
    if (this.#buffer.misfits) this.#buffer.swap(0, 0, 0);
    return this.bytes.subarray(this.#from);
  }

  rest(): void {
    this.#buffer.rest(0);
  }

  pack(count: number): boolean {
    const from = this.#from;
    this.#buffer.note(count, this.bytes.length - from);
    this.end = encodeInPlace(this.bytes, from, from + count, HEADROOM);
    return true;
  }

  get #from(): number {
    const { length } = this.bytes;
    return length - Math.floor((length - HEADROOM) / 4) * 3;
  }
}

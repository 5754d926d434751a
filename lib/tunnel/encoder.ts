/**
 * How the backend's bytes become the payload of messages: as they are, as whole UTF-8 characters, or as base64. Each works in
 * the buffer that the bytes were received into, with room for the frame's header left in front.
 *
 * @module
 */
import { HEADROOM } from "../websocket/client_end.ts";
import { completePrefix } from "../websocket/utf8.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";
import { encodeInPlace } from "./base64.ts";

/** How bytes become the payload of messages. */
export type Encoding = "binary" | "text" | "base64";

/** Makes messages of what the backend sends. */
export interface Encoder {
  /** Where in a buffer of `length` bytes the backend's next ones are to be received, the rest of it being room for them. */
  receiveAt(length: number): number;
  /** Makes a message of the bytes `[start..end)`, received there; it lies in `[this.start..this.end)` until the next call of anybody. False: after it come bytes that can't be sent. */
  encode(wide: WideBytes, start: number, end: number): boolean;
  readonly start: number;
  /** Equal to `start` when there is nothing to send yet. */
  readonly end: number;
  /** Whether the backend's stream may end here. */
  readonly complete: boolean;
}

/** Only text remembers something from one call to the next: the others are shared. */
export function createEncoder(encoding: Encoding): Encoder {
  if (encoding === "text") return new TextEncoding();
  return encoding === "binary" ? BINARY : BASE64;
}

class BinaryEncoding implements Encoder {
  start = 0;
  end = 0;
  readonly complete = true;

  receiveAt(): number {
    return HEADROOM;
  }

  encode(_wide: WideBytes, start: number, end: number): boolean {
    this.start = start;
    this.end = end;
    return true;
  }
}

/** The longest part of a character. */
const MAX_PART_BYTES = 3;

/** A character that is split over two reads goes into the next message. */
class TextEncoding implements Encoder {
  start = 0;
  end = 0;
  #part = new Uint8Array(0);

  get complete(): boolean {
    return this.#part.length === 0;
  }

  receiveAt(): number {
    return HEADROOM + MAX_PART_BYTES;
  }

  encode(wide: WideBytes, start: number, end: number): boolean {
    this.start = start - this.#part.length;
    wide.bytes.set(this.#part, this.start);
    const prefix = completePrefix(wide, this.start, end);
    this.end = prefix.end;
    this.#part = wide.bytes.slice(prefix.end, prefix.valid ? end : prefix.end);
    return prefix.valid;
  }
}

/** The bytes go to the buffer's end and the text to its front: it never overtakes them, see encodeInPlace(). */
class Base64Encoding implements Encoder {
  readonly start = HEADROOM;
  end: number = HEADROOM;
  readonly complete = true;

  receiveAt(length: number): number {
    return length - Math.floor((length - HEADROOM) / 4) * 3;
  }

  encode(wide: WideBytes, start: number, end: number): boolean {
    this.end = encodeInPlace(wide.bytes, start, end, HEADROOM);
    return true;
  }
}

const BINARY = new BinaryEncoding();
const BASE64 = new Base64Encoding();

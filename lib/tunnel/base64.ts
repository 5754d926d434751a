/**
 * Base64 (RFC 4648 section 4) as a stream over byte buffers: the payload of the `base64` subprotocol.
 *
 * @module
 */

const DIGITS = new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);
const PAD = 0x3d;
const INVALID = 0xff;
const VALUES = new Uint8Array(256).fill(INVALID);
DIGITS.forEach((digit, value) => VALUES[digit] = value);

/**
 * Encodes `buffer[from..to)` to `buffer[at..)` and gives the end. The two may overlap as long as the text never
 * overtakes the bytes: `from - at` is at least a third of their number.
 */
export function encodeInPlace(buffer: Uint8Array, from: number, to: number, at: number): number {
  let read = from;
  let write = at;
  for (; read + 3 <= to; read += 3, write += 4) {
    const bits = buffer[read]! << 16 | buffer[read + 1]! << 8 | buffer[read + 2]!;
    buffer[write] = DIGITS[bits >> 18]!;
    buffer[write + 1] = DIGITS[bits >> 12 & 63]!;
    buffer[write + 2] = DIGITS[bits >> 6 & 63]!;
    buffer[write + 3] = DIGITS[bits & 63]!;
  }
  const rest = to - read;
  if (rest > 0) {
    const bits = buffer[read]! << 16 | (rest > 1 ? buffer[read + 1]! << 8 : 0);
    buffer[write++] = DIGITS[bits >> 18]!;
    buffer[write++] = DIGITS[bits >> 12 & 63]!;
    buffer[write++] = rest > 1 ? DIGITS[bits >> 6 & 63]! : PAD;
    buffer[write++] = PAD;
  }
  return write;
}

/** Bytes in front of a text that {@linkcode Base64Decoder.decode} may overwrite: an open group yields more than it has digits left. */
export const DECODE_HEADROOM = 3;

/** Decodes a stream of padded groups of four digits, in the buffer that it comes in; a group may be split over calls. */
export class Base64Decoder {
  /** The bytes that the last text stands for: those before the first wrong digit where it is not base64. */
  start = 0;
  end = 0;
  /** Whether a wrong digit has come; then nothing more may be decoded. */
  failed = false;
  // The digits of the open group, and how many of its places are taken, padding included.
  #bits = 0;
  #places = 0;
  #padding = 0;

  /** Whether the stream may end here: no group is open. */
  get complete(): boolean {
    return this.#places === 0;
  }

  /** Each message must be padded, since boundaries of messages are not kept. */
  decode(bytes: Uint8Array, from: number, to: number): void {
    this.start = this.end = from - DECODE_HEADROOM;
    for (let read = from; read < to && !this.failed; read++) this.#take(bytes, bytes[read]!);
  }

  #take(bytes: Uint8Array, digit: number): void {
    const value = VALUES[digit]!;
    if (digit === PAD && this.#places >= 2) this.#padding++;
    else if (value === INVALID || this.#padding > 0) this.failed = true;
    if (this.failed) return;
    this.#bits = this.#bits << 6 | (digit === PAD ? 0 : value);
    if (++this.#places === 4) this.#endGroup(bytes);
  }

  #endGroup(bytes: Uint8Array): void {
    const bits = this.#bits;
    const strayBits = this.#padding === 2 ? bits & 0xffff : this.#padding === 1 ? bits & 0xff : 0;
    this.failed = strayBits !== 0;
    if (this.failed) return;
    const count = 3 - this.#padding;
    for (let i = 0; i < count; i++) bytes[this.end++] = bits >> (16 - 8 * i) & 255;
    this.#bits = this.#places = this.#padding = 0;
  }
}

/**
 * Well-formed UTF-8, exactly by table 3-7 of the Unicode Standard (no overlong forms, no surrogates, nothing over
 * U+10FFFF), checked as a stream: RFC 6455 section 8.1, and for what goes out section 5.6.
 *
 * @module
 */

import type { WideBytes } from "./wide_bytes.ts";

/** Between two characters. */
const WHOLE = 0;
const BAD = -1;

/** Inside a character: how many bytes are to come, and between which values the next one must lie. */
function inside(count: number, low: number, high: number): number {
  return count << 16 | low << 8 | high;
}

/** What follows after one more byte: {@linkcode WHOLE}, {@linkcode BAD}, or a state inside a character. */
function step(state: number, byte: number): number {
  if (state !== WHOLE) {
    if (byte < (state >> 8 & 0xff) || byte > (state & 0xff)) return BAD;
    const count = (state >> 16) - 1;
    return count === 0 ? WHOLE : inside(count, 0x80, 0xbf);
  }
  if (byte < 0x80) return WHOLE;
  if (byte < 0xc2) return BAD;
  if (byte < 0xe0) return inside(1, 0x80, 0xbf);
  if (byte < 0xf0) {
    return inside(2, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf);
  }
  if (byte > 0xf4) return BAD;
  return inside(3, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf);
}

/** Passes over whole characters; stops at `end` or where a character begins that isn't whole or isn't right. */
function skipWhole({ bytes, view }: WideBytes, start: number, end: number): number {
  let i = start;
  while (i < end) {
    const byte = bytes[i]!;
    if (byte < 0x80) {
      i = skipAscii(bytes, view, i + 1, end);
    } else if (byte < 0xe0) {
      if (byte < 0xc2 || i + 1 >= end || !continues(bytes[i + 1]!)) return i;
      i += 2;
    } else if (byte < 0xf0) {
      if (i + 2 >= end || !continues(bytes[i + 2]!)) return i;
      const second = bytes[i + 1]!;
      if (!continues(second) || (byte === 0xe0 && second < 0xa0)) return i;
      if (byte === 0xed && second > 0x9f) return i;
      i += 3;
    } else {
      if (i + 3 >= end || !continues(bytes[i + 2]!) || !continues(bytes[i + 3]!)) return i;
      const second = bytes[i + 1]!;
      if (!continues(second) || byte > 0xf4 || (byte === 0xf0 && second < 0x90)) return i;
      if (byte === 0xf4 && second > 0x8f) return i;
      i += 4;
    }
  }
  return i;
}

function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function skipAscii(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let i = start;
  for (const last = end - 16; i <= last; i += 16) {
    const first = view.getInt32(i, true) | view.getInt32(i + 4, true);
    const second = view.getInt32(i + 8, true) | view.getInt32(i + 12, true);
    if (((first | second) & 0x80808080) !== 0) break;
  }
  while (i < end && bytes[i]! < 0x80) i++;
  return i;
}

/** Checks text that comes in pieces, which may be cut inside a character. */
export class Utf8Checker {
  #state = WHOLE;

  /** Whether what has come so far ends with a whole character. */
  get whole(): boolean {
    return this.#state === WHOLE;
  }

  /** Checks the next piece; gives the index of the first byte that can't stand there, or -1. Not to be used after that. */
  check(wide: WideBytes, start: number, end: number): number {
    let i = start;
    for (; this.#state !== WHOLE && i < end; i++) {
      this.#state = step(this.#state, wide.bytes[i]!);
      if (this.#state === BAD) return i;
    }
    for (i = skipWhole(wide, i, end); i < end; i++) {
      this.#state = step(this.#state, wide.bytes[i]!);
      if (this.#state === BAD) return i;
    }
    return -1;
  }
}

/** Up to where a piece of text that begins between two characters can be sent. */
export interface CompletePrefix {
  /** Where the whole characters end. */
  readonly end: number;
  /** Whether what follows, at most three bytes, may still become a character; false: it is not UTF-8. */
  readonly valid: boolean;
}

/** Says up to where `[start..end)` is whole characters, so that the rest waits for the next read. */
export function completePrefix(wide: WideBytes, start: number, end: number): CompletePrefix {
  const whole = skipWhole(wide, start, end);
  let state = WHOLE;
  for (let i = whole; i < end && state !== BAD; i++) state = step(state, wide.bytes[i]!);
  return { end: whole, valid: state !== BAD };
}

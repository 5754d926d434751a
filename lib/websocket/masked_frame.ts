/**
 * Frames as a client sends them: masked with a fresh key each, RFC 6455 section 5.3, so that no page chooses the bytes that a proxy
 * in between sees (section 10.3).
 *
 * @module
 */
import { MASK, writeHeader } from "./frame.ts";
import { unmask } from "./mask.ts";
import type { WideBytes } from "./wide_bytes.ts";

const KEY_BYTES = 4;

/** Drawn many at a time: a call for each would cost more than the frame. */
const keys = new Int32Array(256);
let keysUsed = keys.length;

function nextKey(): number {
  if (keysUsed === keys.length) {
    crypto.getRandomValues(keys);
    keysUsed = 0;
  }
  return keys[keysUsed++]!;
}

/** Masks a message's `[start..start+length)` in place, writes its header so that it ends at `start`, and gives where that begins. */
export function writeMaskedHeader(
  wide: WideBytes,
  start: number,
  length: number,
  opcode: number,
): number {
  const key = nextKey();
  unmask(wide, start, start, length, key);
  const keyAt = start - KEY_BYTES;
  wide.view.setInt32(keyAt, key, true);
  const begin = writeHeader(wide.bytes, keyAt, length, opcode);
  wide.bytes[begin + 1]! |= MASK;
  return begin;
}

/** The masked form of a control frame. */
export function maskedControl(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const key = nextKey();
  const masked = new Uint8Array(frame.length + KEY_BYTES);
  masked[0] = frame[0]!;
  masked[1] = MASK | frame[1]!;
  for (let i = 0; i < KEY_BYTES; i++) masked[2 + i] = key >>> (8 * i);
  for (let i = 2; i < frame.length; i++) {
    masked[KEY_BYTES + i] = frame[i]! ^ (key >>> (8 * ((i - 2) & 3)));
  }
  return masked;
}

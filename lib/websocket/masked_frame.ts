/**
 * Frames as a client sends them: masked with a fresh key each, RFC 6455 section 5.3, so that no page chooses the bytes that a proxy
 * in between sees (section 10.3).
 *
 * @module
 */
import { controlFrames, LENGTH_16, LENGTH_64, MASK, writeHeader } from "./frame.ts";
import { unmask } from "./mask.ts";
import type { WideBytes } from "./wide_bytes.ts";

const KEY_BYTES = 4;

/** Of a control frame, without its key: section 5.5 keeps the length in one byte. */
const HEADER_BYTES = 2;

/** With a length of eight bytes. */
const MAX_MASKED_HEADER_BYTES = HEADER_BYTES + 8 + KEY_BYTES;

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

/**
 * Masks a message's `[start..start+length)` in place, writes its header so that it ends at `start`, and gives where that begins. A `key` is
 * given by tests alone: nobody is to be able to tell the next one.
 */
export function writeMaskedHeader(
  wide: WideBytes,
  start: number,
  length: number,
  opcode: number,
  key: number = nextKey(),
): number {
  unmask(wide, start, start, length, key);
  const keyAt = start - KEY_BYTES;
  wide.view.setInt32(keyAt, key, true);
  const begin = writeHeader(wide.bytes, keyAt, length, opcode);
  wide.bytes[begin + 1]! |= MASK;
  return begin;
}

/** The header of a masked frame by its first byte, its length, under 2^53, and its key. */
export function maskedHeader(first: number, length: number, key: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(MAX_MASKED_HEADER_BYTES);
  const view = new DataView(header.buffer);
  let keyAt = HEADER_BYTES;
  header[0] = first;
  if (length < LENGTH_16) header[1] = MASK | length;
  else if (length < 0x10000) {
    header[1] = MASK | LENGTH_16;
    view.setUint16(keyAt, length);
    keyAt += 2;
  } else {
    header[1] = MASK | LENGTH_64;
    view.setBigUint64(keyAt, BigInt(length));
    keyAt += 8;
  }
  view.setInt32(keyAt, key, true);
  return header.subarray(0, keyAt + KEY_BYTES);
}

/** The masked form of control frames that lie one behind the other. */
export function maskedControls(frames: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = [...controlFrames(frames)].length;
  const masked = new Uint8Array(frames.length + KEY_BYTES * count);
  let [from, to] = [0, 0];
  for (const { bytes } of controlFrames(frames)) {
    maskControl(masked.subarray(to), frames.subarray(from), bytes);
    from += HEADER_BYTES + bytes;
    to += HEADER_BYTES + KEY_BYTES + bytes;
  }
  return masked;
}

function maskControl(masked: Uint8Array, frame: Uint8Array, length: number): void {
  const key = nextKey();
  masked[0] = frame[0]!;
  masked[1] = MASK | length;
  for (let i = 0; i < KEY_BYTES; i++) masked[HEADER_BYTES + i] = key >>> (8 * i);
  for (let i = 0; i < length; i++) {
    masked[HEADER_BYTES + KEY_BYTES + i] = frame[HEADER_BYTES + i]! ^ (key >>> (8 * (i & 3)));
  }
}

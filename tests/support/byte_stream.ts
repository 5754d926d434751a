/** An endless stream of bytes that both ends know, so that any part of it can be checked wherever it was cut. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

/** Prime, so that no power of two repeats it: what is lost, doubled or moved by any buffer's size shows. */
const PERIOD_BYTES = 65_537;

/** Whole periods in one array: a piece up to this less a period is one view. */
const VIEW_BYTES = 24 * PERIOD_BYTES;

/** The longest piece that {@linkcode ByteStream.at} gives. */
export const MAX_PIECE_BYTES = VIEW_BYTES - PERIOD_BYTES;

export interface ByteStream {
  /** The bytes `[from..from + length)`, a view that must not be written to. */
  at(from: number, length: number): Uint8Array<ArrayBuffer>;
  /** Fails unless `bytes` are the stream's at `from`. */
  check(from: number, bytes: Uint8Array): void;
}

export function createByteStream(byteAt: (index: number) => number): ByteStream {
  const bytes = new Uint8Array(VIEW_BYTES);
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteAt(i % PERIOD_BYTES);
  const at = (from: number, length: number) => {
    assert.ok(length <= MAX_PIECE_BYTES);
    const start = from % PERIOD_BYTES;
    return bytes.subarray(start, start + length);
  };
  return {
    at,
    check(from, got) {
      for (let done = 0; done < got.length;) {
        const part = got.subarray(done, done + MAX_PIECE_BYTES);
        if (Buffer.compare(at(from + done, part.length), part) !== 0) {
          throw new Error(firstDifference(from + done, at(from + done, part.length), part));
        }
        done += part.length;
      }
    },
  };
}

function firstDifference(from: number, expected: Uint8Array, got: Uint8Array): string {
  const at = got.findIndex((byte, i) => byte !== expected[i]);
  return `byte ${from + at} of the stream is ${got[at]}, not ${expected[at]}`;
}

/** Bytes of every value. */
export const BINARY_STREAM = createByteStream((i) => (i * 167 + (i >> 8) * 13) & 255);

/** Printable ASCII, which may be cut anywhere. */
export const TEXT_STREAM = createByteStream((i) => 32 + (i * 31 + (i >> 6)) % 95);

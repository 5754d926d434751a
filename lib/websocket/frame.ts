/**
 * Frames as we send them: unfragmented, RFC 6455 section 5, and as a server's unmasked; `masked_frame.ts` has a client's.
 *
 * @module
 */

import { CloseCode, isWireCode } from "./close_code.ts";

/** Section 5.2. */
export const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** As the log has them. */
export const OPCODE_NAMES: Readonly<Record<number, string>> = {
  [Opcode.CONTINUATION]: "continuation",
  [Opcode.TEXT]: "text",
  [Opcode.BINARY]: "binary",
  [Opcode.CLOSE]: "close",
  [Opcode.PING]: "ping",
  [Opcode.PONG]: "pong",
};

/**
 * Told of a frame, for the log: of one received when its header is known (a control frame: all of it), of one sent when the system has
 * taken all of it.
 */
export type FrameObserver = (way: "received" | "sent", opcode: number, bytes: number) => void;

export const FIN = 0x80;

/** Set in the length byte of a masked frame, section 5.2. */
export const MASK = 0x80;

/** Section 5.5: control frames carry at most this. */
export const MAX_CONTROL_BYTES = 125;

/** Stands in the length byte for a length in the two bytes that follow, section 5.2. */
export const LENGTH_16 = 126;
/** Stands in the length byte for a length in the eight bytes that follow, section 5.2. */
export const LENGTH_64 = 127;

/** The payload of our Pings. */
export const PING_BYTES = 8;

/** A Ping that carries a number, whose Pong brings it back (section 5.5.3): the bytes of messages that went before it. */
export function pingFrame(sentBytes: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(2 + PING_BYTES);
  frame[0] = FIN | Opcode.PING;
  frame[1] = PING_BYTES;
  new DataView(frame.buffer).setBigUint64(2, BigInt(sentBytes));
  return frame;
}

/** An empty Pong that nobody asked for: a heartbeat that is owed no answer, section 5.5.3. */
export const PONG_FRAME: Uint8Array<ArrayBuffer> = Uint8Array.of(FIN | Opcode.PONG, 0);

/**
 * Writes the unmasked header of a message of `length` bytes, under 2^32, so that it ends at `start`, and gives where it begins: at most ten
 * bytes before.
 */
export function writeHeader(
  bytes: Uint8Array,
  start: number,
  length: number,
  opcode: number,
): number {
  if (length < LENGTH_16) {
    bytes[start - 2] = FIN | opcode;
    bytes[start - 1] = length;
    return start - 2;
  }
  bytes[start - 2] = length >>> 8;
  bytes[start - 1] = length;
  if (length < 0x10000) {
    bytes[start - 4] = FIN | opcode;
    bytes[start - 3] = LENGTH_16;
    return start - 4;
  }
  bytes[start - 4] = length >>> 24;
  bytes[start - 3] = length >>> 16;
  bytes.fill(0, start - 8, start - 4);
  bytes[start - 9] = LENGTH_64;
  bytes[start - 10] = FIN | opcode;
  return start - 10;
}

const encoder = new TextEncoder();

/**
 * A Close frame, section 5.5.1: empty for 1005, else the code and as much of the reason as fits, cut between two
 * characters. Throws a RangeError on a code that must not be sent.
 */
export function closeFrame(code: number, reason: string): Uint8Array<ArrayBuffer> {
  if (code === CloseCode.NO_STATUS) return Uint8Array.of(FIN | Opcode.CLOSE, 0);
  if (!isWireCode(code)) {
    throw new RangeError(`Cannot send a Close frame as its code must be one for the wire: ${code}`);
  }
  const frame = new Uint8Array(2 + MAX_CONTROL_BYTES);
  const { written } = encoder.encodeInto(reason, frame.subarray(4));
  frame[0] = FIN | Opcode.CLOSE;
  frame[1] = 2 + written;
  frame[2] = code >>> 8;
  frame[3] = code;
  return frame.subarray(0, 4 + written);
}

/** The control frames that lie one behind the other, as a server sends them: section 5.5 keeps their lengths in one byte. */
export function* controlFrames(frames: Uint8Array): Generator<{ opcode: number; bytes: number }> {
  for (let at = 0; at < frames.length;) {
    const bytes = frames[at + 1]!;
    yield { opcode: frames[at]! & 0x0f, bytes };
    at += 2 + bytes;
  }
}

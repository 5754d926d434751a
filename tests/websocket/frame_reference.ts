/**
 * RFC 6455 section 5 as a server reads it, written to be obviously right: the whole input at once, plain loops, the platform's
 * text decoder. The parser must agree with it, however the input is cut.
 *
 * @module
 */

import type { FrameEnd } from "../../lib/websocket/frame_parser.ts";

/** What an input means. */
export interface ReferenceReading {
  /** The payload of all data frames, up to the first error. */
  readonly payload: Uint8Array;
  readonly pings: readonly Uint8Array[];
  readonly end: FrameEnd | null;
  /** Frames that came to their end. */
  readonly frames: number;
}

class Broken extends Error {
  constructor(readonly end: FrameEnd) {
    super(end.reason);
  }
}

function protocol(reason: string): Broken {
  return new Broken({ kind: "protocol", code: 1002, reason });
}

function notText(reason: string): Broken {
  return new Broken({ kind: "protocol", code: 1007, reason });
}

function isText(bytes: Uint8Array, complete: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !complete });
    return true;
  } catch {
    return false;
  }
}

/** Payload, written into one array of the input's size. */
class Sink {
  readonly bytes: Uint8Array;
  length = 0;
  messageStart = 0;
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }
  message(): Uint8Array {
    return this.bytes.subarray(this.messageStart, this.length);
  }
}

/** Reads an input. */
export function readFrames(input: Uint8Array): ReferenceReading {
  const sink = new Sink(input.length);
  const pings: Uint8Array[] = [];
  let at = 0;
  let frames = 0;
  let message = 0;
  try {
    while (at < input.length) {
      checkFirst(input[at]!, message);
      if (at + 1 === input.length) break;
      const fin = input[at]! >= 0x80;
      const opcode = input[at]! % 16;
      checkSecond(opcode, input[at + 1]!);
      const header = readLength(input.subarray(at + 1));
      if (header === null) break;
      const keyAt = at + 1 + header.bytes;
      const start = keyAt + 4;
      if (start > input.length) break;
      const key = input.subarray(keyAt, start);
      const payload = input.slice(start, start + Math.min(header.length, input.length - start));
      for (let i = 0; i < payload.length; i++) payload[i]! ^= key[i % 4]!;
      const complete = payload.length === header.length;
      if (opcode >= 8) {
        if (!complete) break;
        frames++;
        if (opcode === 8) throw new Broken(readClose(payload));
        if (opcode === 9) pings.push(payload);
      } else {
        if (opcode > 0) {
          message = opcode;
          sink.messageStart = sink.length;
        }
        sink.bytes.set(payload, sink.length);
        sink.length += payload.length;
        if (message === 1) checkText(sink, complete && fin);
        if (!complete) break;
        frames++;
        if (fin) message = 0;
      }
      at = start + payload.length;
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { payload: sink.bytes.subarray(0, sink.length), pings, end: error.end, frames };
  }
  return { payload: sink.bytes.subarray(0, sink.length), pings, end: null, frames };
}

function checkFirst(first: number, message: number): void {
  const opcode = first % 16;
  if (first % 128 >= 16) throw protocol("a reserved bit is set");
  if (opcode === 0 && message === 0) throw protocol("a continuation of no message");
  if ((opcode === 1 || opcode === 2) && message !== 0) throw protocol("a message inside a message");
  if (![0, 1, 2, 8, 9, 10].includes(opcode)) throw protocol(`reserved opcode ${opcode}`);
  if (opcode >= 8 && first < 128) throw protocol("a fragmented control frame");
}

function checkSecond(opcode: number, second: number): void {
  if (second < 128) throw protocol("an unmasked frame");
  if (opcode >= 8 && second - 128 > 125) throw protocol("a control frame over 125 bytes");
  if (opcode === 8 && second - 128 === 1) throw protocol("a Close frame with one byte");
}

/** The length and how many bytes it took, or null where it isn't all there. */
function readLength(input: Uint8Array): { length: number; bytes: number } | null {
  const short = input[0]! - 128;
  if (short < 126) return { length: short, bytes: 1 };
  const size = short === 126 ? 2 : 8;
  const given = input.subarray(1, 1 + size);
  const least = (value: bigint) =>
    given.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) * value;
  // The smallest and the largest value that the bytes so far can come to.
  const unit = 256n ** BigInt(size - given.length);
  const low = least(unit);
  const high = low + unit - 1n;
  if (low >= 2n ** 63n) throw protocol("a length with its top bit set");
  if (low >= 2n ** 53n) {
    throw new Broken({ kind: "overflow", code: 1009, reason: "a frame over 2^53 - 1 bytes" });
  }
  if (high < (size === 2 ? 126n : 65536n)) throw protocol("a length that is not minimal");
  return given.length < size ? null : { length: Number(low), bytes: 1 + size };
}

function checkText(sink: Sink, complete: boolean): void {
  const message = sink.message();
  if (isText(message, complete)) return;
  if (isText(message, false)) throw notText("text ends inside a character");
  let good = 0;
  for (let bad = message.length; bad - good > 1;) {
    const middle = good + bad >> 1;
    if (isText(message.subarray(0, middle), false)) good = middle;
    else bad = middle;
  }
  sink.length = sink.messageStart + good;
  throw notText("text is not UTF-8");
}

function readClose(payload: Uint8Array): FrameEnd {
  if (payload.length === 0) return { kind: "close", code: 1005, reason: "" };
  const code = payload[0]! * 256 + payload[1]!;
  const allowed = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  if (!allowed.includes(code) && !(code >= 3000 && code < 5000)) {
    throw protocol(`close code ${code}`);
  }
  if (!isText(payload.subarray(2), true)) throw notText("a close reason that is not UTF-8");
  const reason = new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload.subarray(2));
  return { kind: "close", code, reason };
}

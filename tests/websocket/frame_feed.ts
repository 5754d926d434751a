/**
 * Feeds a parser the way a connection does: into one buffer, in pieces, with the payload taken away now or later.
 *
 * @module
 */

import { FrameParser, MAX_LEFTOVER_BYTES } from "../../lib/websocket/frame_parser.ts";
import type { FrameEnd } from "../../lib/websocket/frame_parser.ts";
import type { WideBytes } from "../../lib/websocket/wide_bytes.ts";

/** What came out. */
export interface Fed {
  readonly payload: Uint8Array;
  readonly pongs: Uint8Array;
  readonly end: FrameEnd | null;
}

/** How an input is brought in. */
export interface FeedPlan {
  /** The length of the next piece, at least 1; cut to what is left of the input and of the buffer. */
  pieceBytes(): number;
  /** Whether the payload at hand is taken before the next piece; it is in any case when the buffer is full. */
  takesPayload(): boolean;
  /** Whether the bytes that are left over go back to the front of the buffer once its payload is taken. */
  movesToFront(): boolean;
  /** Whether another parser goes on now, where the one that there is can say with what. @default never */
  handsOver?(): boolean;
}

/** Feeds an input to a new parser. The buffer must be larger than what a parser can leave over. */
export function feed(wide: WideBytes, input: Uint8Array, plan: FeedPlan): Fed {
  let parser = new FrameParser();
  const payload = new Uint8Array(input.length);
  const pongs = new Uint8Array(input.length);
  let payloadEnd = 0;
  let pongsEnd = 0;
  let at = 0;
  let have = 0;
  const take = () => {
    payload.set(wide.bytes.subarray(parser.start, parser.end), payloadEnd);
    payloadEnd += parser.end - parser.start;
    parser.start = parser.end;
  };
  for (let fed = 0; fed < input.length && parser.ended === null;) {
    const full = have === wide.bytes.length;
    if (full || plan.takesPayload()) take();
    if (full || (parser.start === parser.end && plan.movesToFront())) {
      wide.bytes.copyWithin(0, at, have);
      have -= at;
      at = parser.start = parser.end = 0;
    }
    const header = plan.handsOver?.() ? parser.underWay() : null;
    if (header !== null) {
      take();
      wide.bytes.copyWithin(header.length, at, have);
      wide.bytes.set(header);
      have += header.length - at;
      parser = new FrameParser();
      at = parser.parse(wide, 0, have);
    }
    const piece = Math.min(plan.pieceBytes(), input.length - fed, wide.bytes.length - have);
    wide.bytes.set(input.subarray(fed, fed + piece), have);
    fed += piece;
    have += piece;
    at = parser.parse(wide, at, have);
    if (parser.end > at || at > have || have - at > MAX_LEFTOVER_BYTES) {
      throw new Error(`payload up to ${parser.end}, ${at} of ${have} bytes used`);
    }
    const owed = parser.takePongs();
    if (owed !== null) {
      pongs.set(owed, pongsEnd);
      pongsEnd += owed.length;
    }
  }
  take();
  return {
    payload: payload.subarray(0, payloadEnd),
    pongs: pongs.subarray(0, pongsEnd),
    end: parser.ended,
  };
}

/** Pieces of one length each, the payload taken at once. */
export function evenly(pieceBytes: number): FeedPlan {
  return { pieceBytes: () => pieceBytes, takesPayload: () => true, movesToFront: () => true };
}

/** One piece of `first` bytes, then all the rest; the payload is left in the buffer in between. */
export function inTwo(first: number, rest: number): FeedPlan {
  let piece = first;
  return {
    pieceBytes() {
      const now = piece;
      piece = rest;
      return Math.max(now, 1);
    },
    takesPayload: () => false,
    movesToFront: () => false,
  };
}

/** The Pong frames that answer Pings with these payloads. */
export function pongsFor(pings: readonly Uint8Array[]): number[] {
  return pings.flatMap((payload) => [0x8a, payload.length, ...payload]);
}

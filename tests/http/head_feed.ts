/**
 * Feeds a head to the parser in pieces, as they come from a connection.
 *
 * @module
 */

import { HeadParser, type ParsedHead } from "../../lib/http/head.ts";

/** Feeds an input in pieces, behind `offset` other bytes and in front of stale ones; `end` counts from the head's start. */
export function feedHead(input: Uint8Array, offset: number, pieceBytes: () => number): ParsedHead {
  const buffer = new Uint8Array(offset + input.length + 40).fill(0x0a);
  const parser = new HeadParser();
  let parsed: ParsedHead = "incomplete";
  for (let fed = 0; fed < input.length && parsed === "incomplete";) {
    const piece = input.subarray(fed, fed + pieceBytes());
    buffer.set(piece, offset + fed);
    fed += piece.length;
    parsed = parser.parse(buffer, offset, offset + fed);
  }
  if (parsed === "incomplete" || "problem" in parsed) return parsed;
  return { head: parsed.head, end: parsed.end - offset };
}

/** Bytes that tell one tunnel, and one place in it, from another. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomFrom } from "../../support/random.ts";

/** What bytes are cut out of: each way of a tunnel begins somewhere else, and no part of it looks like another. */
const PATTERN = new Uint8Array(2 ** 20);
randomFrom(1).fill(PATTERN);

/** The bytes of one way of a tunnel, made at one end and checked at the other. */
export class Bytes {
  #at: number;

  constructor(tunnel: number, way: "up" | "down") {
    this.#at = (Math.imul(tunnel, 7_919) + (way === "up" ? 0 : 350_003)) >>> 0;
  }

  next(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const from = this.#at % PATTERN.length;
      const piece = PATTERN.subarray(from, from + count - at);
      bytes.set(piece, at);
      at += piece.length;
      this.#at += piece.length;
    }
    return bytes;
  }

  check(bytes: Uint8Array): void {
    const isSame = Buffer.compare(this.next(bytes.length), bytes) === 0;
    assert.ok(isSame, "bytes of another tunnel, or of another place in it");
  }
}

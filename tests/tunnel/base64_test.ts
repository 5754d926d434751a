import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Base64Decoder, DECODE_HEADROOM, encodeInPlace } from "../../lib/tunnel/base64.ts";

const text = new TextEncoder();

/** Bytes of every value, the same at each run. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index * 167 + (index >> 8) * 13 & 255);
}

/** Decodes a piece and gives its bytes; what is in front of it stays as it was but for the room that may be overwritten. */
function decode(decoder: Base64Decoder, piece: Uint8Array): Uint8Array {
  const from = DECODE_HEADROOM + 5;
  const buffer = new Uint8Array(from + piece.length).fill(0xee);
  buffer.set(piece, from);
  decoder.decode(buffer, from, buffer.length);
  assert.ok(buffer.subarray(0, 5).every((byte) => byte === 0xee), "nothing else is overwritten");
  return buffer.slice(decoder.start, decoder.end);
}

/** Decodes pieces one after the other and gives all bytes, or null once a piece is refused. */
function decodeAll(...pieces: readonly (string | Uint8Array)[]): Buffer | null {
  const decoder = new Base64Decoder();
  const parts: Uint8Array[] = [];
  for (const piece of pieces) {
    const bytes = decode(decoder, typeof piece === "string" ? text.encode(piece) : piece);
    if (decoder.failed) return null;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

Deno.test("`encodeInPlace()` and `decode()` agree with node:buffer at every length to 1000", () => {
  for (let length = 0; length <= 1000; length++) {
    const bytes = pattern(length);
    const want = Buffer.from(bytes).toString("base64");
    // The tightest overlap that is allowed.
    const from = Math.ceil(length / 3);
    const buffer = new Uint8Array(Math.max(from + length, want.length));
    buffer.set(bytes, from);
    const end = encodeInPlace(buffer, from, from + length, 0);
    assert.equal(Buffer.from(buffer.subarray(0, end)).toString("latin1"), want);
    assert.deepEqual(decodeAll(want), Buffer.from(bytes));
  }
});

Deno.test("`encodeInPlace()` leaves what lies beside the text and the bytes alone", () => {
  const buffer = new Uint8Array(40).fill(7);
  buffer.set([1, 2, 3, 4], 30);
  assert.equal(encodeInPlace(buffer, 30, 34, 10), 18);
  assert(buffer.subarray(0, 10).every((byte) => byte === 7));
  assert(buffer.subarray(18, 30).every((byte) => byte === 7));
  assert.equal(Buffer.from(buffer.subarray(10, 18)).toString("latin1"), "AQIDBA==");
});

Deno.test("`decode()` gives the same however the text is split in two, or into single digits", () => {
  for (let length = 0; length <= 60; length++) {
    const bytes = Buffer.from(pattern(length));
    const encoded = bytes.toString("base64");
    for (let at = 0; at <= encoded.length; at++) {
      assert.deepEqual(decodeAll(encoded.slice(0, at), encoded.slice(at)), bytes);
    }
    assert.deepEqual(decodeAll(...encoded), bytes);
  }
});

Deno.test("`decode()` takes groups with padding in the middle of the stream, in one piece or several", () => {
  for (
    const pieces of [["QQ==QUI=QUJD"], ["QQ==", "QUI=", "QUJD"], ["Q", "Q=", "=QU", "I=Q", "UJD"]]
  ) {
    assert.equal(decodeAll(...pieces)?.toString(), "AABABC");
  }
});

const REFUSED: readonly (readonly [why: string, encoded: string])[] = [
  ["four stray bits", "QR=="],
  ["the lowest of four stray bits", "QQ==Qf=="],
  ["two stray bits", "QUJ="],
  ["padding alone", "===="],
  ["padding at the second place", "Q==="],
  ["padding at the first place", "=QQQ"],
  ["a digit after padding", "QQ=Q"],
  ["padding after a whole group", "QUJD="],
  ["three paddings", "QQ===QQ=="],
  ["a blank", "QU D"],
  ["a line end", "QUJD\n"],
  ["the URL alphabet's minus", "QUJ-"],
  ["the URL alphabet's underscore", "QUJ_"],
  ["a NUL", "QUJ\0"],
  ["a letter that is not ASCII", "QUJ\u00e9"],
];

for (const [why, encoded] of REFUSED) {
  Deno.test(`\`decode()\` refuses ${why}, however it is split`, () => {
    for (let at = 0; at <= encoded.length; at++) {
      assert.equal(decodeAll(encoded.slice(0, at), encoded.slice(at)), null);
    }
  });
}

Deno.test("`decode()` refuses every byte that is no digit, at every place", () => {
  const digits = /[A-Za-z0-9+/]/;
  for (let byte = 0; byte < 256; byte++) {
    for (let place = 0; place < 4; place++) {
      const group = text.encode("AAAA");
      group[place] = byte;
      const isDigit = digits.test(String.fromCharCode(byte));
      const mayPad = byte === 0x3d && place === 3;
      assert.equal(decodeAll(group) !== null, isDigit || mayPad, `${byte} at ${place}`);
    }
  }
});

Deno.test("`decode()` gives what came before the first wrong digit", () => {
  for (const [encoded, want] of [["QUJDREVG!!!!", "ABCDEF"], ["QUJDQR==", "ABC"], ["!", ""]]) {
    const decoder = new Base64Decoder();
    assert.equal(Buffer.from(decode(decoder, text.encode(encoded))).toString(), want);
    assert.ok(decoder.failed);
  }
});

Deno.test("`complete` holds between groups only", () => {
  const decoder = new Base64Decoder();
  const states = [..."QQ==QUJD"].map((digit) => {
    decode(decoder, text.encode(digit));
    assert.equal(decoder.failed, false);
    return decoder.complete;
  });
  assert.deepEqual(states, [false, false, false, true, false, false, false, true]);
  assert(new Base64Decoder().complete);
});

Deno.test("`decode()` takes a long piece after a short one and an open group", () => {
  const bytes = Buffer.from(pattern(30_001));
  const encoded = bytes.toString("base64");
  assert.deepEqual(decodeAll(encoded.slice(0, 3), encoded.slice(3)), bytes);
});

import assert from "node:assert/strict";
import { completePrefix, Utf8Checker } from "../../lib/websocket/utf8.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";

const encoder = new TextEncoder();

/** Either side of each boundary of a second byte in table 3-7. */
const SECONDS = [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xf0, 0xff];

/** The platform's own decoder says whether bytes are the beginning of some text. */
function mayBeginText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** The index of the first byte that no text could go on with, or -1. */
function firstBad(bytes: Uint8Array): number {
  if (mayBeginText(bytes)) return -1;
  let length = 1;
  while (mayBeginText(bytes.subarray(0, length))) length++;
  return length - 1;
}

function check(bytes: Uint8Array<ArrayBuffer>): { bad: number; whole: boolean } {
  const checker = new Utf8Checker();
  const bad = checker.check(wideBytes(bytes), 0, bytes.length);
  return { bad, whole: bad < 0 && checker.whole };
}

/** Feeds two pieces. */
function checkSplit(bytes: Uint8Array<ArrayBuffer>, at: number): number {
  const checker = new Utf8Checker();
  const wide = wideBytes(bytes);
  const bad = checker.check(wide, 0, at);
  return bad >= 0 ? bad : checker.check(wide, at, bytes.length);
}

Deno.test("`Utf8Checker` takes every character there is, and no surrogate", () => {
  const buffer = wideBytes(new Uint8Array(4));
  for (let point = 0; point <= 0x10ffff; point++) {
    const bytes = buffer.bytes;
    let length: number;
    // By the table of RFC 3629 section 3, since an encoder replaces surrogates.
    if (point < 0x80) {
      bytes[0] = point;
      length = 1;
    } else if (point < 0x800) {
      bytes[0] = 0xc0 | point >> 6;
      bytes[1] = 0x80 | point & 0x3f;
      length = 2;
    } else if (point < 0x10000) {
      bytes[0] = 0xe0 | point >> 12;
      bytes[1] = 0x80 | point >> 6 & 0x3f;
      bytes[2] = 0x80 | point & 0x3f;
      length = 3;
    } else {
      bytes[0] = 0xf0 | point >> 18;
      bytes[1] = 0x80 | point >> 12 & 0x3f;
      bytes[2] = 0x80 | point >> 6 & 0x3f;
      bytes[3] = 0x80 | point & 0x3f;
      length = 4;
    }
    const surrogate = point >= 0xd800 && point <= 0xdfff;
    const checker = new Utf8Checker();
    const bad = checker.check(buffer, 0, length);
    if (bad !== (surrogate ? 1 : -1) || (!surrogate && !checker.whole)) {
      assert.fail(`U+${point.toString(16)}: ${bad}`);
    }
  }
});

Deno.test("`Utf8Checker` finds the first bad byte after any lead byte, as the platform's decoder does", () => {
  for (
    const tail of [[], [0x80], [0x80, 0x80], [0x80, 0x41], [0x80, 0x80, 0x80], [0x80, 0x80, 0xc0]]
  ) {
    for (let first = 0x7f; first < 0x100; first++) {
      for (const second of SECONDS) {
        const bytes = Uint8Array.from([first, second, ...tail]);
        const expected = firstBad(bytes);
        assert.equal(check(bytes).bad, expected, bytes.toString());
        for (let at = 1; at < bytes.length; at++) {
          assert.equal(checkSplit(bytes, at), expected, `${bytes} cut at ${at}`);
        }
      }
    }
  }
});

Deno.test("`Utf8Checker` finds a bad byte at every place of a longer text, however it is cut", () => {
  const text = encoder.encode(
    "0123456789abcdefghi Grüße, 世界 0123456789abcdef 😀😀 end of it all.",
  );
  for (let at = 0; at < text.length; at++) {
    for (const byte of [0x80, 0xc0, 0xff, 0xed, 0xf4]) {
      const bytes = text.slice();
      bytes[at] = byte;
      const expected = firstBad(bytes);
      assert.equal(check(bytes).bad, expected, `${byte} at ${at}`);
      assert.equal(checkSplit(bytes, at), expected);
      assert.equal(checkSplit(bytes, at + 1), expected);
    }
  }
});

Deno.test("`Utf8Checker.whole` is false inside a character", () => {
  const bytes = encoder.encode("a😀é世");
  const wholeAt = [0, 1, 5, 7, 10];
  for (let length = 0; length <= bytes.length; length++) {
    const { bad, whole } = check(bytes.slice(0, length));
    assert.equal(bad, -1);
    assert.equal(whole, wholeAt.includes(length), `${length} bytes`);
  }
});

Deno.test("`completePrefix()` cuts between characters and says whether the rest may become one", () => {
  const e = (text: string) => [...encoder.encode(text)];
  const cases: [string, number[], { end: number; valid: boolean }][] = [
    ["nothing", [], { end: 0, valid: true }],
    ["ASCII", e("abc"), { end: 3, valid: true }],
    ["long ASCII", e("x".repeat(100)), { end: 100, valid: true }],
    ["a whole character", e("aé"), { end: 3, valid: true }],
    ["half of é", [...e("a"), 0xc3], { end: 1, valid: true }],
    ["a third of 世", [...e("ab"), 0xe4], { end: 2, valid: true }],
    ["two thirds of 世", [...e("ab"), 0xe4, 0xb8], { end: 2, valid: true }],
    ["three quarters of 😀", [...e("世"), 0xf0, 0x9f, 0x98], { end: 3, valid: true }],
    ["nothing but a half", [0xc3], { end: 0, valid: true }],
    ["a byte that begins nothing", [...e("ab"), 0xff], { end: 2, valid: false }],
    ["a stray continuation", [...e("ab"), 0x80], { end: 2, valid: false }],
    ["a surrogate's first two bytes", [0xed, 0xa0], { end: 0, valid: false }],
    ["an overlong beginning", [0x61, 0xe0, 0x80], { end: 1, valid: false }],
    ["a half with text after it", [0x61, 0xc3, 0x61], { end: 1, valid: false }],
    ["bad in the middle of much", [...e("x".repeat(50)), 0xc0, ...e("x".repeat(50))], {
      end: 50,
      valid: false,
    }],
  ];
  for (const [name, bytes, expected] of cases) {
    for (let offset = 0; offset < 9; offset++) {
      const wide = wideBytes(Uint8Array.from([...new Array(offset).fill(0xff), ...bytes, 0xff]));
      const { end, valid } = completePrefix(wide, offset, offset + bytes.length);
      assert.deepEqual({ end: end - offset, valid }, expected, `${name} at ${offset}`);
    }
  }
});

Deno.test("`completePrefix()` looks at nothing behind the end", () => {
  const wide = wideBytes(new Uint8Array(128).fill(0x61));
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= 128; end++) {
      assert.deepEqual(completePrefix(wide, start, end), { end, valid: true });
    }
  }
});

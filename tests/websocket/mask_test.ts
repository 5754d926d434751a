import assert from "node:assert/strict";
import { turnKey, unmask } from "../../lib/websocket/mask.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";

const KEY_BYTES = [0x80, 0x01, 0xfe, 0x7f];
const KEY = 0x7ffe0180;
const LENGTHS = [...Array(81).keys(), 125, 126, 255, 256, 510, 511, 512, 513, 519, 1000, 1031];
const GAPS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 64];

/** A buffer in which every byte differs from its neighbours, and from run to run. */
function patterned(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 3 + seed) & 0xff);
}

Deno.test("`unmask()` gives what a plain loop gives, at any alignment, length and distance", () => {
  const wide = wideBytes(new Uint8Array(1200));
  let seed = 0;
  for (const length of LENGTHS) {
    for (const gap of GAPS) {
      for (let to = 0; to < 9; to++) {
        const before = patterned(1200, seed++);
        wide.bytes.set(before);
        const from = to + gap;
        const expected = before.map((byte, i) =>
          i >= to && i < to + length ? before[i + gap]! ^ KEY_BYTES[(i - to) % 4]! : byte
        );
        unmask(wide, to, from, length, KEY);
        // Between the moved payload and the end of its old place anything may be left; nothing else may change.
        for (let i = 0; i < 1200; i++) {
          if (i >= to + length && i < from + length) continue;
          if (wide.bytes[i] !== expected[i]) {
            assert.fail(`length ${length}, gap ${gap}, to ${to}: byte ${i}`);
          }
        }
      }
    }
  }
});

Deno.test("`unmask()` works in a slice of a larger buffer", () => {
  const memory = new ArrayBuffer(4096);
  const wide = wideBytes(new Uint8Array(memory, 1024, 1024));
  unmask(wide, 0, 0, 1024, KEY);
  const all = new Uint8Array(memory);
  assert.ok(all.every((byte, i) => byte === (i >= 1024 && i < 2048 ? KEY_BYTES[i % 4] : 0)));
});

Deno.test("`turnKey()` lets a payload be unmasked in any pieces", () => {
  const masked = patterned(700, 5);
  const plain = masked.map((byte, i) => byte ^ KEY_BYTES[i % 4]!);
  for (const first of [0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 599, 700]) {
    for (const second of [0, 1, 2, 3, 5]) {
      const wide = wideBytes(masked.slice());
      const middle = Math.min(700, first + second);
      let key = KEY;
      unmask(wide, 0, 0, first, key);
      key = turnKey(key, first);
      unmask(wide, first, first, middle - first, key);
      key = turnKey(key, middle - first);
      unmask(wide, middle, middle, 700 - middle, key);
      assert.deepEqual(wide.bytes, plain);
    }
  }
});

Deno.test("`wideBytes()` refuses a slice whose words would not be aligned", () => {
  assert.throws(() => wideBytes(new Uint8Array(new ArrayBuffer(64), 4, 32)), RangeError);
});

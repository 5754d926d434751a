import assert from "node:assert/strict";
import { shorten } from "../../lib/base/shorten.ts";

const CASES: readonly (readonly [text: string, most: number, expected: string])[] = [
  ["", 3, ""],
  ["abc", 3, "abc"],
  ["abcd", 3, "abc…"],
  ["é\u{1f600}", 3, "é\u{1f600}"],
  // Half of a character is none.
  ["ab\u{1f600}d", 3, "ab…"],
  ["a\u{1f600}d", 3, "a\u{1f600}…"],
  // What is no character stays what it is.
  ["\ud800b", 2, "\ud800b"],
];

for (const [text, most, expected] of CASES) {
  Deno.test(`\`shorten()\` makes ${JSON.stringify(expected)} of ${JSON.stringify(text)}`, () => {
    assert.equal(shorten(text, most), expected);
  });
}

Deno.test("`shorten()` doesn't keep the text that it cuts", () => {
  const kept: string[] = [];
  const before = Deno.memoryUsage().heapUsed + Deno.memoryUsage().external;
  for (let i = 0; i < 200; i++) kept.push(shorten(`${i}`.padEnd(1024 * 1024, "x"), 100));
  const grown = Deno.memoryUsage().heapUsed + Deno.memoryUsage().external - before;
  assert.equal(kept.length, 200);
  // Slices would hold all 200 MiB; some of it is not collected yet.
  assert(grown < 150 * 1024 * 1024, `${grown}`);
});

import assert from "node:assert/strict";
import { formatByteSize, parseByteSize } from "../../lib/base/byte_size.ts";

Deno.test("`parseByteSize()` reads a number with its unit", () => {
  const cases: [string, number | null][] = [
    ["16MiB", 16 * 1024 ** 2],
    ["64 KiB", 64 * 1024],
    ["1GiB", 1024 ** 3],
    ["1.5KiB", 1536],
    ["0B", 0],
    ["4096B", 4096],
    ["4096", null],
    ["", null],
    ["MiB", null],
    ["-1B", null],
    ["1e3B", null],
    ["0.3B", null],
    ["1MB", null],
    ["1mib", null],
    ["1  MiB", null],
    ["999999999999999GiB", null],
  ];
  for (const [text, bytes] of cases) assert.equal(parseByteSize(text), bytes, text);
});

Deno.test("`formatByteSize()` takes the largest unit that keeps the size whole, and reads back", () => {
  const cases: [number, string][] = [
    [0, "0B"],
    [1, "1B"],
    [1023, "1023B"],
    [1024, "1KiB"],
    [1536, "1536B"],
    [256 * 1024, "256KiB"],
    [16 * 1024 ** 2, "16MiB"],
    [1024 ** 3, "1GiB"],
    [1024 ** 3 + 1024, "1048577KiB"],
  ];
  for (const [bytes, text] of cases) {
    assert.equal(formatByteSize(bytes), text);
    assert.equal(parseByteSize(text), bytes);
  }
});

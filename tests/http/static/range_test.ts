import assert from "node:assert/strict";
import { type Bounds, contentRange, parseRange } from "../../../lib/http/static/range.ts";

function range(from: number, to: number): Bounds {
  return { from, to };
}

const NINES = "9".repeat(400);

/** Of 10000 bytes the examples of RFC 9110 section 14.1.2, and the limits around them. */
const CASES: [value: string, sizeBytes: number, expected: ReturnType<typeof parseRange>][] = [
  ["bytes=0-499", 10_000, range(0, 500)],
  ["bytes=500-999", 10_000, range(500, 1_000)],
  ["bytes=-500", 10_000, range(9_500, 10_000)],
  ["bytes=9500-", 10_000, range(9_500, 10_000)],
  ["bytes=0-0", 10_000, range(0, 1)],
  ["bytes=9999-9999", 10_000, range(9_999, 10_000)],
  ["bytes=9999-10000", 10_000, range(9_999, 10_000)],
  ["bytes=0-", 10_000, range(0, 10_000)],
  ["bytes=0-99999", 10_000, range(0, 10_000)],
  [`bytes=0-${NINES}`, 10_000, range(0, 10_000)],
  ["bytes=-10000", 10_000, range(0, 10_000)],
  ["bytes=-10001", 10_000, range(0, 10_000)],
  [`bytes=-${NINES}`, 10_000, range(0, 10_000)],
  ["bytes=-1", 1, range(0, 1)],
  ["BYTES=0-1", 10_000, range(0, 2)],
  ["bytes=, 0-1 ,", 10_000, range(0, 2)],
  ["bytes=000-001", 10_000, range(0, 2)],
  // Not there.
  ["bytes=10000-", 10_000, "unsatisfiable"],
  ["bytes=10000-10001", 10_000, "unsatisfiable"],
  [`bytes=${NINES}-`, 10_000, "unsatisfiable"],
  ["bytes=-0", 10_000, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=0-0", 0, "unsatisfiable"],
  ["bytes=-0", 0, "unsatisfiable"],
  // The last five of nothing are all of it.
  ["bytes=-5", 0, null],
  // Several.
  ["bytes=500-600,601-999", 10_000, null],
  ["bytes=0-0,-1", 10_000, null],
  // Not understood.
  ...["", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=0x1-2"].map(
    whole,
  ),
  ...["bytes=2-1", "bytes=10001-10000", "bytes=1-2-3", "bytes=--1", "bytes=+1-2"].map(whole),
  ...["bytes=1 - 2", "bytes = 0-1", "bytes:0-1", "items=0-1", "bytes=1.5-2", "bytes=0-1\n"].map(
    whole,
  ),
];

function whole(value: string): typeof CASES[number] {
  return [value, 10_000, null];
}

Deno.test("`parseRange()` reads one range of bytes, RFC 9110 section 14.1.2", () => {
  for (const [value, sizeBytes, expected] of CASES) {
    assert.deepEqual(parseRange(value, sizeBytes), expected, `${value} of ${sizeBytes}`);
  }
});

Deno.test("`contentRange()` names the first and the last byte, RFC 9110 section 14.4", () => {
  assert.equal(contentRange(range(42, 1_234), 1_234), "bytes 42-1233/1234");
  assert.equal(contentRange(range(0, 1), 1), "bytes 0-0/1");
});

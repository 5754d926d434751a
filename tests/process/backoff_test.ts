import assert from "node:assert/strict";
import { restartDelayMs } from "../../lib/process/backoff.ts";

for (
  const [failures, sinceLastStartMs, expected] of [
    [0, 5000, 0],
    [1, 5000, 0],
    [1, 1000, 0],
    [1, 999, 1],
    [1, 0, 1000],
    [2, 5000, 1000],
    [3, 0, 2000],
    [4, 0, 4000],
    [6, 0, 16_000],
    [7, 0, 30_000],
    [1100, 0, 30_000],
  ] as const
) {
  Deno.test(`\`restartDelayMs()\` after ${failures} failures, ${sinceLastStartMs} ms after the start: ${expected}`, () => {
    assert.equal(restartDelayMs(failures, sinceLastStartMs), expected);
  });
}

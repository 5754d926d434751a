import assert from "node:assert/strict";
import { msToSeconds, secondsToMs } from "../../lib/base/duration.ts";

Deno.test("`secondsToMs()` rounds to milliseconds and never to off", () => {
  const cases: [number, number][] = [[0, 0], [8, 8000], [0.25, 250], [0.0001, 1], [1.0006, 1001]];
  for (const [seconds, ms] of cases) assert.equal(secondsToMs(seconds), ms, `${seconds}`);
});

Deno.test("`msToSeconds()` is undone by `secondsToMs()`", () => {
  for (let ms = 0; ms < 86_400_000; ms = ms * 2 + 1) assert.equal(secondsToMs(msToSeconds(ms)), ms);
  for (const ms of [1001, 4035, 8200]) assert.equal(secondsToMs(msToSeconds(ms)), ms);
});

import assert from "node:assert/strict";
import { createTrimmer } from "../../lib/engine/trimmer.ts";

Deno.test("`createTrimmer()` gives memory back at the first tick, and every two seconds from then on", () => {
  const trimmedAt: number[] = [];
  let nowMs = 0;
  const tick = createTrimmer(() => void trimmedAt.push(nowMs));
  for (; nowMs <= 6_000; nowMs += 500) tick(nowMs);
  assert.deepEqual(trimmedAt, [0, 2_000, 4_000, 6_000]);
});

Deno.test("`createTrimmer()` does nothing where the C library gives nothing back", () => {
  createTrimmer(null)(0);
});

import assert from "node:assert/strict";
import { watchLoop } from "../../lib/control/loop_lag.ts";
import { eventually } from "../support/eventually.ts";

Deno.test("`watchLoop()` tells how long the event loop was held up, and nothing once it is stopped", async () => {
  const looks: number[] = [];
  const stop = watchLoop((lateMs) => looks.push(lateMs));
  try {
    await eventually("a look", () => looks.length > 0);
    const before = looks.length;
    const until = performance.now() + 700;
    while (performance.now() < until) { /* Nothing else runs. */ }
    await eventually("the next look", () => looks.length > before);
    // The look that was due meanwhile, at most 200 ms after the beginning.
    const late = looks[before]!;
    assert.ok(late >= 450, `${late} ms`);
    assert.ok(looks.every((lateMs) => lateMs >= 0));
  } finally {
    stop();
  }
  const told = looks.length;
  await new Promise((resolve) => setTimeout(resolve, 450));
  assert.equal(looks.length, told);
});

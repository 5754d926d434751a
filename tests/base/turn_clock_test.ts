import assert from "node:assert/strict";
import { beginTurn, endTurn, nowMs } from "../../lib/base/turn_clock.ts";

/** Works until the clock that never stands still has gone on. */
function letTimePass(): void {
  const sinceMs = performance.now();
  while (performance.now() === sinceMs);
}

Deno.test("`nowMs()` is that of the runtime's clock outside a turn", () => {
  const beforeMs = performance.now();
  const atMs = nowMs();
  assert(beforeMs <= atMs && atMs <= performance.now());
});

Deno.test("`nowMs()` is one time within a turn, and another in the next and behind it", () => {
  beginTurn();
  const firstMs = nowMs();
  letTimePass();
  assert.equal(nowMs(), firstMs);
  beginTurn();
  const secondMs = nowMs();
  assert(secondMs > firstMs);
  letTimePass();
  endTurn();
  assert(nowMs() > secondMs);
});

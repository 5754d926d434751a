import assert from "node:assert/strict";
import { Tally } from "../../lib/limits/tally.ts";

Deno.test("`Tally` counts up to a bound, and forgets a name of which there is none", () => {
  const tally = new Tally();
  assert.ok(tally.take("a", 2) && tally.take("a", 2) && tally.take("b", 0));
  assert.ok(!tally.take("a", 2));
  assert.ok(tally.take("a", 3), "the bound is the caller's");
  assert.deepEqual([tally.of("a"), tally.of("b"), tally.size], [3, 1, 2]);
  for (let i = 0; i < 3; i++) tally.give("a");
  assert.deepEqual([tally.of("a"), tally.size], [0, 1]);
  tally.give("a");
  assert.equal(tally.of("a"), 0, "never less than none");
});

import assert from "node:assert/strict";
import { createRateGate } from "../../lib/base/rate_gate.ts";

const OPTIONS = { burst: 3, perSecond: 2, maxKinds: 2 };

function admitted(gate: ReturnType<typeof createRateGate>, kind: string, n: number, nowMs: number) {
  return Array.from({ length: n }, () => gate.admits(kind, nowMs)).filter(Boolean).length;
}

Deno.test("`createRateGate()` lets a burst through, then so many a second", () => {
  const gate = createRateGate(OPTIONS);
  assert.equal(admitted(gate, "a", 5, 0), 3);
  assert.equal(admitted(gate, "a", 5, 499), 0);
  assert.equal(admitted(gate, "a", 5, 500), 1);
  assert.equal(admitted(gate, "a", 5, 1_500), 2);
  assert.equal(admitted(gate, "a", 5, 60_000), 3);
});

Deno.test("`createRateGate()` counts what it held back, once", () => {
  const gate = createRateGate(OPTIONS);
  admitted(gate, "a", 10, 0);
  admitted(gate, "b", 4, 0);
  assert.deepEqual([...gate.takeHeld(0)], [["a", 7], ["b", 1]]);
  assert.deepEqual([...gate.takeHeld(1)], []);
});

Deno.test("`createRateGate()` lets no kind hide another", () => {
  const gate = createRateGate(OPTIONS);
  admitted(gate, "a", 1_000, 0);
  assert.equal(gate.admits("b", 0), true);
});

Deno.test("`createRateGate()` tells no more kinds apart than it may, and forgets those that are quiet", () => {
  const gate = createRateGate(OPTIONS);
  const kinds = Array.from({ length: 1_000 }, (_, i) => `${i}`);
  assert.equal(kinds.filter((kind) => gate.admits(kind, 0)).length, 2 + 3);
  assert.deepEqual([...gate.takeHeld(0)], [["", 995]]);
  gate.takeHeld(10_000);
  assert.equal(admitted(gate, "new", 10, 10_000), 3);
});

import assert from "node:assert/strict";
import { inTurn } from "../../lib/process/turns.ts";

const BUSY_MS = 20;

/** Keeps the process busy, as a start does. */
function busy(): number {
  const start = performance.now();
  while (performance.now() - start < BUSY_MS);
  return start;
}

Deno.test("`inTurn()` keeps the order, and leaves everybody else as much time as a start takes", async () => {
  const starts = await Promise.all(Array.from({ length: 5 }, () => inTurn(busy)));
  assert.deepEqual(starts, starts.toSorted((a, b) => a - b));
  starts.slice(1).forEach((start, at) => assert.ok(start - starts[at]! >= 2 * BUSY_MS - 1));
});

Deno.test("`inTurn()` rejects as its start throws, and goes on", async () => {
  const failing = inTurn(() => {
    throw new Error("no such program");
  });
  const next = inTurn(() => "started");
  await assert.rejects(failing, /no such program/);
  assert.equal(await next, "started");
});

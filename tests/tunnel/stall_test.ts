import assert from "node:assert/strict";
import { StallMeter } from "../../lib/tunnel/stall.ts";

type Look = readonly [waiting: boolean, steps: number, atMs: number, stalledMs: number];

const COURSES: readonly (readonly [what: string, looks: readonly Look[]])[] = [
  ["nothing at the first look", [[true, 0, 5000, 0]]],
  ["the time since the first look without a step", [
    [true, 0, 100, 0],
    [true, 0, 110, 10],
    [true, 0, 350, 250],
  ]],
  ["nothing after a step", [[true, 0, 0, 0], [true, 0, 50, 50], [true, 1, 60, 0], [
    true,
    1,
    70,
    10,
  ]]],
  ["nothing while it doesn't wait", [[false, 3, 0, 0], [false, 3, 90, 0], [false, 3, 900, 0]]],
  ["the time since it waits, not since its last step", [
    [false, 3, 0, 0],
    [false, 3, 900, 0],
    [true, 3, 950, 50],
    [true, 3, 1000, 100],
  ]],
  ["nothing once it no longer waits", [[true, 0, 0, 0], [true, 0, 90, 90], [false, 0, 100, 0]]],
];

for (const [what, looks] of COURSES) {
  Deno.test(`\`StallMeter.look()\` gives ${what}`, () => {
    const meter = new StallMeter();
    for (const [waiting, steps, atMs, stalledMs] of looks) {
      assert.equal(meter.look(waiting, steps, atMs), stalledMs, `at ${atMs}`);
    }
  });
}

Deno.test("`StallMeter` keeps each meter to itself", () => {
  const [one, other] = [new StallMeter(), new StallMeter()];
  one.look(true, 0, 0);
  assert.equal(other.look(true, 0, 100), 0);
  assert.equal(one.look(true, 0, 100), 100);
});

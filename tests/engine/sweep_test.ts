import assert from "node:assert/strict";
import { createWatch, tickFor } from "../../lib/engine/sweep.ts";
import { holdUp } from "../support/hold_up.ts";
import { until } from "../support/connection_pair.ts";

const TICKS: readonly (readonly [timesMs: readonly number[], tickMs: number])[] = [
  [[], 1000],
  [[0, 0], 1000],
  [[4000], 1000],
  [[20_000, 60_000], 1000],
  [[3999], 999.75],
  [[0, 2000, 8000], 500],
  [[40], 10],
  [[39], 10],
  [[1], 10],
];

for (const [timesMs, tickMs] of TICKS) {
  Deno.test(`\`tickFor()\` is ${tickMs} for [${timesMs}]`, () => {
    assert.equal(tickFor(timesMs), tickMs);
  });
}

Deno.test("`createWatch()` calls what is watched at each tick with the time, and no more once it is taken out", async () => {
  const watch = createWatch(5);
  const looks: number[] = [];
  const unwatch = watch.add((nowMs) => looks.push(nowMs));
  await until("three looks", () => looks.length >= 3);
  unwatch();
  const count = looks.length;
  assert(looks.every((at, index) => index === 0 || at > looks[index - 1]!));
  assert(performance.now() - looks.at(-1)! < 10_000);
  let others = 0;
  const unwatchOther = watch.add(() => others++);
  await until("the timer to run again", () => others >= 2);
  assert.equal(looks.length, count);
  unwatchOther();
});

Deno.test("`createWatch()` lets a look take itself and another out, and add one", async () => {
  const watch = createWatch(5);
  const calls: string[] = [];
  const unwatchOne = watch.add(() => {
    calls.push("one");
    unwatchOne();
    unwatchTwo();
    unwatchThree ??= watch.add(() => calls.push("three"));
  });
  const unwatchTwo = watch.add(() => calls.push("two"));
  let unwatchThree: (() => void) | undefined;
  await until("the third", () => calls.filter((call) => call === "three").length >= 2);
  assert.equal(calls.filter((call) => call === "one").length, 1);
  assert(!calls.includes("two"));
  unwatchThree!();
});

Deno.test("`createWatch()` takes the same function out once, and its timer ends with the last one", async () => {
  const watch = createWatch(5);
  const unwatchOne = watch.add(() => {});
  let looks = 0;
  const unwatchTwo = watch.add(() => looks++);
  unwatchOne();
  unwatchOne();
  await until("a look", () => looks > 0);
  // The sanitizer fails this test when the timer is left running.
  unwatchTwo();
});

Deno.test("`createWatch()` leaves out the time in which nobody listened, and lets in what came before it looks", async () => {
  const watch = createWatch(10);
  const looks: { readonly nowMs: number; readonly letIn: boolean }[] = [];
  let letIn = true;
  const unwatch = watch.add((nowMs) => looks.push({ nowMs, letIn }));
  for (let round = 1; round <= 3; round++) {
    const before = looks.length;
    await until("two looks", () => looks.length >= before + 2);
    letIn = false;
    holdUp(200);
    // It comes after the tick that is due, as what the runtime lets in does.
    setTimeout(() => setTimeout(() => letIn = true, 0), 0);
  }
  const last = looks.length;
  await until("a look", () => looks.length > last);
  unwatch();
  for (const [index, look] of looks.entries()) {
    assert.ok(look.letIn, "a look before anything was let in");
    const gapMs = look.nowMs - (looks[index - 1]?.nowMs ?? look.nowMs);
    assert.ok(gapMs >= 0 && gapMs < 100, `${gapMs} ms between two looks`);
  }
  assert.ok(performance.now() - watch.nowMs() > 400);
});

Deno.test("`createWatch()` comes to a look in a process that is always held up", async () => {
  const watch = createWatch(10);
  let looks = 0;
  const unwatch = watch.add(() => looks++);
  const busy = setInterval(() => holdUp(50), 1);
  await until("three looks", () => looks >= 3);
  clearInterval(busy);
  unwatch();
});

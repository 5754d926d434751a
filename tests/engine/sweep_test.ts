import assert from "node:assert/strict";
import { createSweep, type Sweep, tickFor } from "../../lib/engine/sweep.ts";
import { holdUp } from "../support/hold_up.ts";
import { until } from "../support/connection_pair.ts";

/** Adds a look; gives what takes it out. */
function watched(sweep: Sweep, tick: (nowMs: number) => void, tickMs?: number): () => void {
  const ticking = { tick };
  sweep.add(ticking, tickMs);
  return () => sweep.delete(ticking);
}

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

Deno.test("`createSweep()` calls what is watched at each tick with the time, and no more once it is taken out", async () => {
  const sweep = createSweep(5);
  const looks: number[] = [];
  const unwatch = watched(sweep, (nowMs) => looks.push(nowMs));
  await until("three looks", () => looks.length >= 3);
  unwatch();
  const count = looks.length;
  assert(looks.every((at, index) => index === 0 || at > looks[index - 1]!));
  assert(performance.now() - looks.at(-1)! < 10_000);
  let others = 0;
  const unwatchOther = watched(sweep, () => others++);
  await until("the timer to run again", () => others >= 2);
  assert.equal(looks.length, count);
  unwatchOther();
  sweep.close();
});

Deno.test("`createSweep()` lets a look take itself and another out, and add one", async () => {
  const sweep = createSweep(5);
  const calls: string[] = [];
  const unwatchOne = watched(sweep, () => {
    calls.push("one");
    unwatchOne();
    unwatchTwo();
    unwatchThree ??= watched(sweep, () => calls.push("three"));
  });
  const unwatchTwo = watched(sweep, () => calls.push("two"));
  let unwatchThree: (() => void) | undefined;
  await until("the third", () => calls.filter((call) => call === "three").length >= 2);
  assert.equal(calls.filter((call) => call === "one").length, 1);
  assert(!calls.includes("two"));
  unwatchThree!();
  sweep.close();
});

Deno.test("`createSweep()` tells of what a look throws and whom it has met, who throws at that as well, and keeps nobody else from a look", async () => {
  const errors: unknown[] = [];
  let ticks = 0;
  const sweep = createSweep(5, {
    onDefect: (error) => errors.push(error),
    afterTicks: () => ticks++,
  });
  const unlucky = {
    tick() {
      throw "in its tick";
    },
    onDefect() {
      throw "at its end";
    },
  };
  sweep.add(unlucky);
  let looks = 0;
  const unwatch = watched(sweep, () => looks++);
  await until("two ticks", () => ticks >= 2);
  assert.equal(looks, ticks);
  assert.deepEqual(errors.slice(0, 3), ["in its tick", "at its end", "in its tick"]);
  sweep.delete(unlucky);
  unwatch();
  sweep.close();
});

Deno.test("`createSweep()` takes the same function out once, and once it is closed its timer ends with the last one", async () => {
  const sweep = createSweep(5);
  const unwatchOne = watched(sweep, () => {});
  let looks = 0;
  const unwatchTwo = watched(sweep, () => looks++);
  unwatchOne();
  unwatchOne();
  await until("a look", () => looks > 0);
  // The sanitizer fails this test when the timer is left running.
  sweep.close();
  unwatchTwo();
});

Deno.test("`createSweep()` leaves out the time in which nobody listened, and lets in what came before it looks", async () => {
  const sweep = createSweep(10);
  const looks: { readonly nowMs: number; readonly letIn: boolean }[] = [];
  let letIn = true;
  let wanted = 3;
  const standStill = () => {
    letIn = false;
    holdUp(1_000);
    // It comes after the tick that is due, as what the runtime lets in does.
    setTimeout(() => setTimeout(() => letIn = true, 0), 0);
  };
  const unwatch = watched(sweep, (nowMs) => {
    looks.push({ nowMs, letIn });
    // Behind a look and before the next tick, which could be late by itself.
    if (looks.length % 2 === 0 && wanted-- > 0) setTimeout(standStill, 0);
  });
  await until("the looks behind each", () => looks.length >= 8);
  unwatch();
  for (const [index, look] of looks.entries()) {
    assert.ok(look.letIn, "a look before anything was let in");
    const gapMs = look.nowMs - (looks[index - 1]?.nowMs ?? look.nowMs);
    assert.ok(gapMs >= 0 && gapMs < 500, `${gapMs} ms between two looks`);
  }
  assert.ok(performance.now() - sweep.nowMs() > 2_000);
  sweep.close();
});

Deno.test("`createSweep()` comes to a look in a process that is always held up", async () => {
  const sweep = createSweep(10);
  let looks = 0;
  const unwatch = watched(sweep, () => looks++);
  const busy = setInterval(() => holdUp(50), 1);
  await until("three looks", () => looks >= 3);
  clearInterval(busy);
  unwatch();
  sweep.close();
});

Deno.test("`createSweep()` ticks as often as the one asks that asks for the most, while it is there", async () => {
  const sweep = createSweep(400);
  const slow: number[] = [];
  const unwatchSlow = watched(sweep, (nowMs) => slow.push(nowMs));
  let count = 0;
  const since = performance.now();
  const unwatchQuick = watched(sweep, () => count++, 10);
  await until("quick looks", () => count >= 50);
  assert.ok(performance.now() - since < 10_000, "from when it came");
  unwatchQuick();
  const before = slow.length;
  await until("slow looks", () => slow.length >= before + 3);
  assert.ok(slow.at(-1)! - slow.at(-2)! >= 390, "no more once it has gone");
  const unwatchOther = watched(sweep, () => {}, 60_000);
  unwatchSlow();
  let looked = false;
  const unwatchLast = watched(sweep, () => looked = true, 60_000);
  await until("a look, never less often than the sweep's own time", () => looked);
  unwatchOther();
  unwatchLast();
  sweep.close();
});

Deno.test("`createSweep()` leaves out a standstill also where somebody asks for shorter ticks before it has ticked again", async () => {
  const sweep = createSweep(50);
  const unwatch = watched(sweep, () => {});
  let looks = 0;
  const begunMs = sweep.nowMs();
  holdUp(6_000);
  const unwatchShort = watched(sweep, () => looks++, 10);
  await until("a look", () => looks > 0);
  const tookMs = sweep.nowMs() - begunMs;
  unwatch();
  unwatchShort();
  assert(tookMs < 4_000, `${tookMs} ms`);
  sweep.close();
});

Deno.test("`createSweep()` ends its timer with the tick that has nothing to look at", async () => {
  const sweep = createSweep(5);
  watched(sweep, () => {})();
  // The sanitizer fails this test when the timer is left running.
  await new Promise((resolve) => setTimeout(resolve, 200));
});

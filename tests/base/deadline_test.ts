import assert from "node:assert/strict";
import { LATE_MS, startDeadline } from "../../lib/base/deadline.ts";
import { within } from "../../lib/base/within.ts";
import { eventually } from "../support/eventually.ts";
import { holdUp } from "../support/hold_up.ts";
import { connectPair } from "../support/connection_pair.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("`startDeadline()` calls when the time has passed, not before", async () => {
  const began = performance.now();
  await new Promise<void>((resolve) => startDeadline(30, resolve));
  assert.ok(performance.now() - began >= 29);
});

Deno.test("`startDeadline()` can be taken back, in its last turn as well", async () => {
  let calls = 0;
  const cancels = [0, 5, 30].map((patienceMs) => startDeadline(patienceMs, () => calls++));
  await new Promise<void>((resolve) =>
    setTimeout(() => {
      for (const cancel of cancels) cancel();
      resolve();
    }, 5)
  );
  const already = calls;
  await pause(40);
  assert.equal(calls, already);
  assert.ok(already <= 2);
});

for (const lateMs of [1, 2 * LATE_MS]) {
  Deno.test(`a deadline that is due ${lateMs} ms before the process goes on lets in what has come`, async () => {
    const { near, far } = await connectPair();
    const received = near.read(new Uint8Array(1));
    await pause(1);
    const inTime = within(received, 1_000);
    await far.send("x");
    holdUp(1_000 + lateMs);
    assert.equal(await inTime, true);
    near.close();
    await far.close();
  });
}

Deno.test("a deadline that comes late waits a while for what takes more than a turn", async () => {
  const done = pause(100);
  const inTime = within(done, 20);
  holdUp(20 + 2 * LATE_MS);
  assert.equal(await inTime, true);
});

Deno.test("a deadline comes to its end in a process that is always held up", async () => {
  const busy = setInterval(() => holdUp(2 * LATE_MS), 1);
  let over = false;
  startDeadline(20, () => over = true);
  await eventually("the end", () => over);
  clearInterval(busy);
});

/** What is asked for by many at once: made once for them, and not again before the thread has had time for others. */
import assert from "node:assert/strict";
import { shared } from "../../lib/control/admin/shared.ts";

function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

Deno.test("who asks before it is made shares it, who asks later gets another one", async () => {
  let made = 0;
  const get = shared(() => ++made);
  assert.deepEqual(await Promise.all([get(), get(), get()]), [1, 1, 1]);
  assert.equal(await get(), 2);
});

Deno.test("one that took long has the next one wait three times as long", async () => {
  const get = shared(() => {
    const begunMs = performance.now();
    busyFor(30);
    return { begunMs, endedMs: performance.now() };
  });
  const first = await get();
  const [second, third] = await Promise.all([get(), get()]);
  assert.equal(second, third);
  assert(second.begunMs - first.endedMs >= 85, `${second.begunMs - first.endedMs} ms`);
});

Deno.test("one that can't be made is told to all who asked, and the next one is tried", async () => {
  let tries = 0;
  const get = shared(() => {
    if (++tries === 1) throw new Error("not yet");
    return tries;
  });
  const failed = await Promise.allSettled([get(), get()]);
  assert.deepEqual(failed.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(await get(), 2);
});

import assert from "node:assert/strict";
import { createBreather } from "../../lib/base/breather.ts";

const BULK = 64 * 1024;

/** Reads on, without giving way, until told to wait. */
function readUntilTold(after: (bytes: number) => Promise<void> | null, bytes: number) {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const pause = after(bytes);
    if (pause !== null || performance.now() > deadline) return pause;
  }
}

Deno.test("`Breather.after()` lets others in after some time of bulk, again and again", async () => {
  const breather = createBreather();
  for (let i = 0; i < 10; i++) {
    const pause = readUntilTold(breather.after, BULK);
    assert.ok(pause !== null);
    assert.equal(breather.after(1), pause, "all wait for the same pause");
    await pause;
    assert.equal(breather.after(BULK), null);
  }
  await breather.close();
});

Deno.test("`Breather.after()` never waits for small reads", async () => {
  const breather = createBreather();
  const endsAt = performance.now() + 50;
  while (performance.now() < endsAt) assert.equal(breather.after(1024), null);
  await breather.close();
});

Deno.test("`close()` ends a pause under way, and leaves nothing behind", async () => {
  for (const turns of [1, 2, 5]) {
    const breather = createBreather();
    let pause: Promise<void> | null = null;
    for (let turn = 0; turn < turns; turn++) {
      await pause;
      pause = readUntilTold(breather.after, BULK);
    }
    await breather.close();
    await pause;
  }
});

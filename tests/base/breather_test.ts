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

Deno.test("`Breather.after()` goes on after `close()`, for whoever still reads", async () => {
  const breather = createBreather();
  for (let turn = 0; turn < 3; turn++) await readUntilTold(breather.after, BULK);
  await breather.close();
  // A failure that nobody handles would fail the test.
  for (let turn = 0; turn < 3; turn++) await readUntilTold(breather.after, BULK);
});

Deno.test("`createBreather()` tries again to open its connection after a failure", async () => {
  const original = Deno.listen;
  let tries = 0;
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    if (++tries === 1) throw new Error("Too many open files (os error 24)");
    return original(options);
  }) as typeof Deno.listen;
  const breather = createBreather();
  try {
    const deadline = performance.now() + 10_000;
    while (tries < 2 && performance.now() < deadline) await readUntilTold(breather.after, BULK);
    assert.equal(tries, 2);
  } finally {
    Deno.listen = original;
    await breather.close();
  }
});

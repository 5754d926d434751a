import assert from "node:assert/strict";
import { within } from "../../lib/base/within.ts";

const LONG_MS = 60_000;

Deno.test("`within()` is true for what settles in time, and leaves no timer behind", async () => {
  assert.equal(await within(Promise.resolve(), LONG_MS), true);
  assert.equal(await within(new Promise((resolve) => setTimeout(resolve, 5)), LONG_MS), true);
  assert.equal(await within(Promise.resolve(false), 0), true);
});

Deno.test("`within()` is false when patience runs out, and not before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const began = performance.now();
  assert.equal(await within(promise, 30), false);
  assert(performance.now() - began >= 29);
  resolve();
});

Deno.test("`within()` is true for what is rejected in time", async () => {
  assert.equal(await within(Promise.reject(new Error("gone")), LONG_MS), true);
});

Deno.test("`within()` leaves no unhandled rejection when that comes too late", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", onUnhandled);
  try {
    const { promise, reject } = Promise.withResolvers<void>();
    assert.equal(await within(promise, 1), false);
    reject(new Error("late"));
    // Unhandled rejections are told at the end of a turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(unhandled, []);
  } finally {
    removeEventListener("unhandledrejection", onUnhandled);
  }
});

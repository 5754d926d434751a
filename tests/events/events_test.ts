import assert from "node:assert/strict";
import type { Event } from "../../lib/events/event.ts";
import { createEvents, type Sink } from "../../lib/events/events.ts";

const REAPED: Event = { kind: "orphan-reaped", pid: 7 };

function keeping(change: Partial<Sink> = {}): Sink & { readonly taken: Event[] } {
  const taken: Event[] = [];
  return { taken, take: (event) => void taken.push(event), wants: () => false, ...change };
}

Deno.test("`createEvents()` hands each event to every sink in turn", () => {
  const order: string[] = [];
  const sinks = ["a", "b"].map((name) => keeping({ take: () => void order.push(name) }));
  const { emit } = createEvents(sinks);
  emit(REAPED);
  emit(REAPED);
  assert.deepEqual(order, ["a", "b", "a", "b"]);
});

Deno.test("`createEvents()` lets a sink that throws harm nobody, and tells the others once", () => {
  const error = new Error("broken");
  const broken = keeping({
    take() {
      throw error;
    },
  });
  const [before, after] = [keeping(), keeping()];
  const { emit } = createEvents([before, broken, after]);
  emit(REAPED);
  emit(REAPED);
  const defect: Event = { kind: "defect", error };
  assert.deepEqual(before.taken, [REAPED, defect, REAPED]);
  assert.deepEqual(after.taken, [defect, REAPED, REAPED]);
});

Deno.test("`createEvents()` wants a costly kind where one of its sinks does", () => {
  const frames = keeping({ wants: (kind) => kind === "frame" });
  const none = createEvents([keeping()]);
  const one = createEvents([keeping(), frames]);
  assert.deepEqual([none.wants("frame"), one.wants("frame")], [false, true]);
  assert.equal(one.wants("program-output"), false);
});

Deno.test("`createEvents()` is flushed when each of its sinks is, and closes all of them", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let closed = 0;
  const close = () => void closed++;
  const events = createEvents([
    keeping({ flushed: () => promise, close }),
    keeping({ close }),
    keeping(),
  ]);
  let flushed = false;
  const flushing = events.flushed().then(() => flushed = true);
  for (let turn = 0; turn < 10; turn++) await null;
  assert.equal(flushed, false);
  resolve();
  await flushing;
  events.close();
  assert.equal(closed, 2);
});

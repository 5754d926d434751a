/** A loop in turn with the runtime's own. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { startBesideRuntime } from "../../../lib/engine/loop/beside_runtime.ts";
import { openBell } from "../../../lib/sys/bell.ts";
import { EPOLLIN } from "../../../lib/sys/epoll.ts";
import type { Ringing } from "./ringer.ts";
import { testLoop } from "./setting.ts";

testLoop(
  "what comes one at a time, so that it is waited for, keeps the runtime waiting no longer than much of it does",
  async (libc) => {
    const { loop, close } = startBesideRuntime(libc, {
      onDefect: (error) => assert.fail(String(error)),
    });
    const bell = openBell(libc);
    const ringer = new Worker(new URL("./ringer.ts", import.meta.url), { type: "module" });
    try {
      let total = 0;
      let inARow = 0;
      let most = 0;
      const onEvent = () => {
        bell.hush();
        total++;
        most = Math.max(most, ++inARow);
      };
      loop.watch(bell.descriptor, EPOLLIN, { onEvent, onTurn() {}, onDefect() {} });
      let isOver = false;
      ringer.onmessage = () => isOver = true;
      const { descriptor } = bell;
      ringer.postMessage({ descriptor, everyMs: 0.6, times: 4_000 } satisfies Ringing);
      while (!isOver) {
        inARow = 0;
        await setImmediate();
      }
      // What comes while the thread has no processor is one event.
      assert.ok(total > 20, `${total} events`);
      // Twice 2 ms, behind the runtime's look at descriptors and in its check phase, each with what comes until the next look at the time.
      assert.ok(most <= 2 * 8, `${most} events, each after 0.6 ms or more`);
    } finally {
      ringer.terminate();
      await close();
    }
  },
);

/**
 * A loop in turn with the runtime's own, in one thread: whatever waits for a promise or a timer there goes on as if there were no loop.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { Libc } from "../../sys/libc.ts";
import { createUntilReadable } from "../../sys/until_readable.ts";
import { Loop, type LoopOptions } from "./loop.ts";

/** How long the runtime may be kept waiting while there is something to do: timers come 10 ms late at most (measured). */
const SLICE_MS = 2;

/** After how many steps that is looked at: one takes some 10 us, 100 where much is moved, and up to {@linkcode LINGER_MS} where it was waited for. */
const STEPS_BETWEEN_LOOKS = 4;

/** How long to wait for more before the runtime is given the thread, which takes longer to come back from. */
const LINGER_MS = 1;

export interface BesideOptions extends LoopOptions {
  /** @default {1} */
  readonly lingerMs?: number;
}

export interface BesideRuntime {
  readonly loop: Loop;
  /** Ends it, and closes what is still open there. */
  close(): Promise<void>;
}

/** Throws what the system says. */
export function startBesideRuntime(libc: Libc, options: BesideOptions): BesideRuntime {
  const { lingerMs = LINGER_MS } = options;
  const loop = new Loop(libc, options);
  const untilReadable = createUntilReadable(loop.descriptor);
  let isOver = false;
  const run = async () => {
    let sinceMs = performance.now();
    let stepsToLook = STEPS_BETWEEN_LOOKS;
    const isOverdue = (steps: number) => {
      stepsToLook -= steps;
      if (stepsToLook > 0) return false;
      stepsToLook = STEPS_BETWEEN_LOOKS;
      return performance.now() - sinceMs >= SLICE_MS;
    };
    // What was begun at the runtime's goes on by its turns alone, the start as well.
    let lingers = false;
    let looks = false;
    while (!isOver) {
      const steps = loop.turn(lingers ? lingerMs : 0, lingers && looks);
      looks = loop.pace.looks(steps);
      if (steps > 0) lingers = lingerMs > 0 && !loop.owesRuntime;
      if (steps > 0 && lingers && !isOverdue(steps)) {
        if (loop.owesCalls) await null;
        loop.owesCalls = false;
        continue;
      }
      loop.owesRuntime = false;
      if (steps > 0) await setImmediate();
      else {
        loop.sleeps = true;
        await untilReadable(-1);
        loop.sleeps = false;
      }
      sinceMs = performance.now();
    }
    loop.close();
  };
  const running = run();
  return {
    loop,
    async close() {
      isOver = true;
      loop.wake();
      await running;
    },
  };
}

/** A sweep whose clock stands still until a test lets time pass, so that a deadline is reached and not waited for. */
import type { Sweep, Ticking } from "../../lib/engine/sweep.ts";

export interface ManualSweep extends Sweep {
  /** Lets time pass: everything is ticked once, at the new time. */
  pass(ms: number): void;
}

/** It ticks every `tickMs` all the same, for what is no matter of time. */
export function createManualSweep(tickMs: number): ManualSweep {
  const all = new Set<Ticking>();
  let nowMs = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    for (const one of all) one.tick(nowMs);
  };
  return {
    nowMs: () => nowMs,
    pass(ms) {
      nowMs += ms;
      tick();
    },
    add(ticking) {
      all.add(ticking);
      timer ??= setInterval(tick, tickMs);
    },
    delete(ticking) {
      all.delete(ticking);
      if (all.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
    close() {},
  };
}

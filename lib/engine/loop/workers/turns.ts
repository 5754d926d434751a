/**
 * A metronome for a thread that does nothing but turn its loop: it is asked how long that may wait, and told when it has.
 *
 * @module
 */
import type { Metronome } from "../../sweep.ts";

export interface TurnMetronome extends Metronome {
  /** How long until the next call is due; Infinity: none ever is. */
  readonly leftMs: number;
  /** Makes the call that is due, if one is. */
  turn(): void;
}

export function createTurnMetronome(): TurnMetronome {
  let everyMs = 0;
  let dueAtMs = Infinity;
  let call = () => {};
  return {
    start(ms, what) {
      everyMs = ms;
      call = what;
      dueAtMs = performance.now() + ms;
    },
    stop() {
      dueAtMs = Infinity;
    },
    get leftMs() {
      return dueAtMs === Infinity ? Infinity : Math.max(0, dueAtMs - performance.now());
    },
    turn() {
      if (dueAtMs === Infinity) return;
      const nowMs = performance.now();
      if (nowMs < dueAtMs) return;
      dueAtMs = nowMs + everyMs;
      call();
    },
  };
}

/**
 * A metronome for a thread that does nothing but turn its loop: it is asked how long that may wait, and told when it has.
 *
 * @module
 */
import type { Metronome } from "../../sweep.ts";

export interface TurnMetronome extends Metronome {
  /** How long until the next call is due; -1: none ever is. */
  leftMs(): number;
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
    leftMs() {
      if (dueAtMs === Infinity) return -1;
      return Math.max(0, Math.ceil(dueAtMs - performance.now()));
    },
    turn() {
      const nowMs = performance.now();
      if (nowMs < dueAtMs) return;
      dueAtMs = nowMs + everyMs;
      call();
    },
  };
}

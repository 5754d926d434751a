/**
 * A worker's turns for the runtime, which needs none for any tunnel: V8 gives memory back in them that a burst has left behind, by tasks that it leaves
 * itself, some ten seconds after it was busy.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";

/** How often it is due: a turn takes 0.1 ms. */
const EVERY_MS = 1_000;

/** For how long, since something was last opened or closed. */
const LONGEST_MS = 60_000;

export interface Upkeep {
  /** How long until the next turn is due; Infinity: none is. */
  readonly leftMs: number;
  /** Something was opened or closed. */
  note(): void;
  /** Gives the runtime the turn that is due; null: none is. */
  turn(): Promise<void> | null;
}

export function createUpkeep(): Upkeep {
  let dueAtMs = Infinity;
  let notedAtMs = -Infinity;
  return {
    get leftMs() {
      return dueAtMs === Infinity ? Infinity : Math.max(0, dueAtMs - performance.now());
    },
    note() {
      notedAtMs = performance.now();
      if (dueAtMs === Infinity) dueAtMs = notedAtMs + EVERY_MS;
    },
    turn() {
      if (dueAtMs === Infinity) return null;
      const nowMs = performance.now();
      if (nowMs < dueAtMs) return null;
      dueAtMs = nowMs - notedAtMs < LONGEST_MS ? nowMs + EVERY_MS : Infinity;
      return setImmediate();
    },
  };
}

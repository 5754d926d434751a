/**
 * One ticking timer for all tunnels: a timer each would wake the process thousands of times a second.
 *
 * Its clock leaves out the time in which nobody listened, the process having been stopped or its machine asleep; and any
 * tick that comes late lets in what has come meanwhile, and the next one looks.
 *
 * @module
 */
import { LATE_MS } from "../base/deadline.ts";

/** Calls what is added at every tick, with the time of its clock, until it is taken out again. */
export interface Watch {
  readonly tickMs: number;
  /** The clock: that of `performance.now()` without the time left out. */
  nowMs(): number;
  /** Gives what takes it out. */
  add(look: (nowMs: number) => void): () => void;
}

/** A tick that comes so late was not held up by work alone: the process stood still. */
const STOPPED_MS = 100;

const LONGEST_TICK_MS = 1000;
const SHORTEST_TICK_MS = 10;

/** A tick that sees each of the given times, 0 meaning none, to a quarter of it. */
export function tickFor(timesMs: readonly number[]): number {
  const shortest = Math.min(...timesMs.filter((time) => time > 0), 4 * LONGEST_TICK_MS);
  return Math.max(shortest / 4, SHORTEST_TICK_MS);
}

/** The timer runs only while something is watched; `afterLooks` is called once at each tick. */
export function createWatch(
  tickMs: number,
  afterLooks: (nowMs: number) => void = () => {},
): Watch {
  const looks = new Set<(nowMs: number) => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let tickedAtMs = 0;
  let leftOutMs = 0;
  let letIn = false;
  const tick = () => {
    const lateMs = performance.now() - tickedAtMs - tickMs;
    tickedAtMs = performance.now();
    const isLate = lateMs >= LATE_MS;
    // What a busy moment takes is time like any other.
    if (lateMs >= STOPPED_MS) leftOutMs += lateMs;
    // Not twice in a row: a machine that is always behind must come to a look as well.
    letIn = isLate && !letIn;
    if (letIn) return;
    const nowMs = tickedAtMs - leftOutMs;
    for (const look of looks) look(nowMs);
    afterLooks(nowMs);
  };
  return {
    tickMs,
    nowMs: () => performance.now() - leftOutMs,
    add(look) {
      looks.add(look);
      if (timer === undefined) {
        tickedAtMs = performance.now();
        timer = setInterval(tick, tickMs);
      }
      return () => {
        looks.delete(look);
        if (looks.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

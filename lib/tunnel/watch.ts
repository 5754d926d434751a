/**
 * One ticking timer for all tunnels: a timer each would wake the process thousands of times a second.
 *
 * @module
 */

/** Calls what is added at every tick, with the time of `performance.now()`, until it is taken out again. */
export interface Watch {
  readonly tickMs: number;
  /** Gives what takes it out. */
  add(look: (nowMs: number) => void): () => void;
}

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
  const tick = () => {
    const nowMs = performance.now();
    for (const look of looks) look(nowMs);
    afterLooks(nowMs);
  };
  return {
    tickMs,
    add(look) {
      looks.add(look);
      timer ??= setInterval(tick, tickMs);
      return () => {
        looks.delete(look);
        if (looks.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

/**
 * Programs are started one at a time, with a pause after each, so that a crowd of them leaves others their turn: a start keeps the whole
 * process busy for a millisecond, or, where it takes a fork, for 2 to 20.
 *
 * @module
 */

let last: Promise<unknown> = Promise.resolve();
let freeAtMs = -Infinity;

/** Calls `start` when those before it have started and everybody else has had as much time as the last one took. Rejects as it throws. */
export function inTurn<T>(start: () => T): Promise<T> {
  const result = last.then(async () => {
    const waitMs = freeAtMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const startedAtMs = performance.now();
    try {
      return start();
    } finally {
      const endedAtMs = performance.now();
      freeAtMs = endedAtMs + (endedAtMs - startedAtMs);
    }
  });
  last = result.catch(() => {});
  return result;
}

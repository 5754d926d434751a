/**
 * What costs time on the thread that moves the tunnels' bytes, for all who ask for it.
 *
 * @module
 */

/** How many times as long as making one has taken, nothing is made: a flood of requests takes a quarter of the thread at most. */
const REST = 3;

/** Gives what is made after it was asked for: one for all who ask before it is. */
export function shared<T>(make: () => T): () => Promise<T> {
  let next: Promise<T> | null = null;
  let restedAtMs = 0;

  function makeNext(): T {
    next = null;
    const begunMs = performance.now();
    try {
      return make();
    } finally {
      const nowMs = performance.now();
      restedAtMs = nowMs + REST * (nowMs - begunMs);
    }
  }

  return () => {
    const restMs = Math.max(0, restedAtMs - performance.now());
    return next ??= new Promise<void>((resolve) => setTimeout(resolve, restMs)).then(makeNext);
  };
}

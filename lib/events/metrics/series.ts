/**
 * What is counted by labels, so many series at most: however often a configuration changes its names, the memory and the text stay bounded.
 *
 * @module
 */

/** Of each family of metrics. One more costs some 200 bytes, and a line at each scrape. */
export const MOST_SERIES = 1_000;

export interface Series<T> {
  /** The one of these labels, or a new one. */
  at(...labels: readonly string[]): T;
  /** All of them with their labels. */
  [Symbol.iterator](): Iterator<readonly [labels: readonly string[], value: T]>;
}

/**
 * Where there are {@linkcode MOST_SERIES}, the oldest of those that `mayGo` goes for a new one, and begins at 0 should it come again, as after a
 * restart. Where none may go there is one more.
 */
export function createSeries<T>(
  create: () => T,
  mayGo: (value: T) => boolean = () => true,
): Series<T> {
  /** The oldest first. */
  const all = new Map<string, readonly [labels: readonly string[], value: T]>();
  const makeRoom = () => {
    for (const [oldest, [, value]] of all) {
      if (all.size < MOST_SERIES) return;
      if (mayGo(value)) all.delete(oldest);
    }
  };
  return {
    at(...labels) {
      const key = labels.join("\0");
      const known = all.get(key);
      if (known !== undefined) return known[1];
      makeRoom();
      const value = create();
      all.set(key, [labels, value]);
      return value;
    },
    [Symbol.iterator]: () => all.values(),
  };
}

/** A number that is added to. */
export interface Count {
  n: number;
}

export function createCounts(): Series<Count> {
  return createSeries(() => ({ n: 0 }));
}

/**
 * How often a time was how long.
 *
 * @module
 */

/** Upper bounds in seconds: from a connect on this machine to the 10 s that a client has for its request. */
export const BUCKETS: readonly number[] = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];

export class Histogram {
  count = 0;
  /** Seconds of all. */
  sum = 0;
  /** How many were of each bucket alone; longer ones are of none. */
  readonly #counts = BUCKETS.map(() => 0);

  observe(seconds: number): void {
    this.count++;
    this.sum += seconds;
    const at = BUCKETS.findIndex((bound) => seconds <= bound);
    if (at >= 0) this.#counts[at]!++;
  }

  /** How many took at most each of {@linkcode BUCKETS}. */
  get upTo(): number[] {
    let sum = 0;
    return this.#counts.map((count) => sum += count);
  }
}

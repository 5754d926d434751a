/**
 * Tells how long something has made no progress, from a counter of its steps: no clock on the hot path.
 *
 * @module
 */

/** Watches one counter. */
export class StallMeter {
  #seenSteps = -1;
  #sinceMs = 0;

  /** Goes on for another that has seen this many steps, and none since then. */
  goOn(steps: number, sinceMs: number): void {
    this.#seenSteps = steps;
    this.#sinceMs = sinceMs;
  }

  /** Gives for how many milliseconds, at least, the counter has stood still while it was `waiting`. */
  look(waiting: boolean, steps: number, nowMs: number): number {
    if (!waiting || steps !== this.#seenSteps) {
      this.#seenSteps = steps;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs;
  }
}

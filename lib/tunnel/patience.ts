/**
 * A wait that is given up once nothing has moved for so long: a deadline that each step puts off.
 *
 * @module
 */

export class Patience {
  /** When to look again; Infinity: nobody waits. */
  deadlineMs = Infinity;
  #patienceMs = 0;
  #seenSteps = 0;
  #lastMs = Infinity;

  /** Waits from `nowMs` on as long as the steps change at least every `patienceMs`, at most `mostMs`. */
  start(nowMs: number, patienceMs: number, steps: number, mostMs = Infinity): void {
    this.#patienceMs = patienceMs;
    this.#seenSteps = steps;
    this.#lastMs = nowMs + mostMs;
    this.deadlineMs = Math.min(nowMs + patienceMs, this.#lastMs);
  }

  /** Waits no longer than until `lastMs`. */
  shorten(lastMs: number): void {
    this.#lastMs = Math.min(this.#lastMs, lastMs);
    this.deadlineMs = Math.min(this.deadlineMs, this.#lastMs);
  }

  stop(): void {
    this.deadlineMs = Infinity;
  }

  /** True, and stopped: it is over. Else the wait goes on. */
  expired(nowMs: number, steps: number): boolean {
    if (nowMs < this.deadlineMs) return false;
    if (steps === this.#seenSteps || nowMs >= this.#lastMs) {
      this.stop();
      return true;
    }
    this.start(nowMs, this.#patienceMs, steps, this.#lastMs - nowMs);
    return false;
  }
}

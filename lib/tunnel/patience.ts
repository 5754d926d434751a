/**
 * A wait that is given up once nothing has moved for so long: a deadline that each step puts off.
 *
 * @module
 */

export class Patience {
  /** When to look again; 0: nobody waits. Whole numbers are held without an object of their own. */
  #deadlineMs = 0;
  #patienceMs = 0;
  #seenSteps = 0;
  /** When to wait no longer whatever moves; 0: there is no such time. */
  #lastMs = 0;

  /** Waits from `nowMs` on as long as the steps change at least every `patienceMs`, at most `mostMs`. */
  start(nowMs: number, patienceMs: number, steps: number, mostMs = 0): void {
    this.#patienceMs = patienceMs;
    this.#seenSteps = steps;
    this.#lastMs = mostMs === 0 ? 0 : Math.ceil(nowMs + mostMs);
    this.#deadlineMs = this.#bounded(nowMs + patienceMs);
  }

  /** Waits no longer than until `lastMs`. */
  shorten(lastMs: number): void {
    this.#lastMs = Math.ceil(this.#lastMs === 0 ? lastMs : Math.min(this.#lastMs, lastMs));
    if (this.#deadlineMs > 0) this.#deadlineMs = this.#bounded(this.#deadlineMs);
  }

  stop(): void {
    this.#deadlineMs = 0;
  }

  /** It is time to see what has moved. */
  isDue(nowMs: number): boolean {
    return this.#deadlineMs > 0 && nowMs >= this.#deadlineMs;
  }

  /** True, and stopped: it is over. Else the wait goes on. */
  expired(nowMs: number, steps: number): boolean {
    if (!this.isDue(nowMs)) return false;
    const isLast = this.#lastMs > 0 && nowMs >= this.#lastMs;
    if (steps === this.#seenSteps || isLast) {
      this.stop();
      return true;
    }
    this.#seenSteps = steps;
    this.#deadlineMs = this.#bounded(nowMs + this.#patienceMs);
    return false;
  }

  #bounded(timeMs: number): number {
    const whole = Math.ceil(timeMs);
    return this.#lastMs === 0 ? whole : Math.min(whole, this.#lastMs);
  }
}

/**
 * Whether to look for an answer for a moment before a thread sleeps: a backend near by answers, as a rule, sooner than the thread would be asleep
 * and awake again. Where that doesn't pay it is tried less and less often, and hardly ever in the end.
 *
 * @module
 */

/** What looks have been worth of late: one that was in vain costs what two have gained. */
const GOOD_SCORE = 8;
const BEST_SCORE = 16;
const IN_VAIN = 2;

/** Questions that pass without a look once there is no score left: twice as many each time, until looks are good again. */
const FIRST_REST = 16;
const LONGEST_REST = 16 * 1024;

export class Look {
  #score = GOOD_SCORE;
  #rest = 0;
  #nextRest = FIRST_REST;

  /** A question was passed on: whether to look for its answer. */
  pays(): boolean {
    if (this.#rest === 0) return true;
    this.#rest--;
    return false;
  }

  /** One is over: whether something came. */
  was(isGood: boolean): void {
    if (isGood) {
      this.#score = Math.min(this.#score + 1, BEST_SCORE);
      if (this.#score > GOOD_SCORE) this.#nextRest = FIRST_REST;
      return;
    }
    this.#score -= IN_VAIN;
    if (this.#score >= 0) return;
    this.#score = 0;
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(this.#nextRest * 2, LONGEST_REST);
  }
}

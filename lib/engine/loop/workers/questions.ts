/**
 * What somebody has been asked, by number, and for how long nothing of it has been answered.
 *
 * @module
 */
export class Questions {
  /** The numbers of the last one, and of the last that was answered. */
  #asked = 0;
  #answered = 0;
  /** Since when an answer is due. */
  #sinceMs = 0;

  get areAnswered(): boolean {
    return this.#answered === this.#asked;
  }

  /** Gives the number of a new one. */
  ask(nowMs: number): number {
    // One more does not make those before it any younger.
    if (this.areAnswered) this.#sinceMs = nowMs;
    return ++this.#asked;
  }

  /** They are answered in their order. */
  answer(number: number, nowMs: number): void {
    this.#answered = number;
    this.#sinceMs = nowMs;
  }

  /** How long an answer has been due; 0: none is. */
  waitedMs(nowMs: number): number {
    return this.areAnswered ? 0 : nowMs - this.#sinceMs;
  }
}

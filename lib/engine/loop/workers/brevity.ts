/**
 * Whether a tunnel that opens is likely to be over at once, by how long those before it lasted: pure, over times that are handed in.
 *
 * One that is carried by a worker is not asked after but by the way, when a later one opens, and one at a time.
 *
 * @module
 */

/** What is over sooner was brief. */
export const BRIEF_MS = 50;

/** So many that last outweigh any number of brief ones. */
const MOST = 8;

export interface Sample {
  readonly released: boolean;
}

export class Brevity {
  /** How many more of them were brief than lasted, within bounds. */
  #count = 0;
  #sample: Sample | null = null;
  #sinceMs = 0;

  /** Whether the next one is taken to be brief. */
  get isExpected(): boolean {
    return this.#count > 0;
  }

  note(isBrief: boolean): void {
    this.#count = isBrief ? Math.min(MOST, this.#count + 1) : Math.max(0, this.#count - 1);
  }

  /** Looks after one that has just opened, unless it looks after another. */
  watch(sample: Sample, nowMs: number): void {
    this.look(nowMs);
    if (this.#sample !== null) return;
    this.#sample = sample;
    this.#sinceMs = nowMs;
  }

  /** Notes what has become of the one that is looked after, where that is known. */
  look(nowMs: number): void {
    if (this.#sample === null) return;
    const isLate = nowMs - this.#sinceMs >= BRIEF_MS;
    if (!isLate && !this.#sample.released) return;
    this.#sample = null;
    this.note(!isLate);
  }
}

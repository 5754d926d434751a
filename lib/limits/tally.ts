/**
 * How many there are of each name. One that there is none of takes no memory, but for a few.
 *
 * @module
 */

/** So many names are kept of which there is none: one of these comes again soon, and a Map that empties makes itself a new table each time. */
const MOST_KEPT = 16;

export class Tally {
  readonly #counts = new Map<string, number>();
  /** The names of which there are some. */
  size = 0;

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Counts one more, unless there are `most` already; 0: as many as come. */
  take(name: string, most: number): boolean {
    const count = this.of(name);
    if (most > 0 && count >= most) return false;
    this.#counts.set(name, count + 1);
    if (count === 0) this.size++;
    return true;
  }

  /** One that was taken is no more. */
  give(name: string): void {
    const count = this.of(name);
    if (count === 0) return;
    if (count === 1) this.size--;
    if (count === 1 && this.#counts.size > MOST_KEPT) this.#counts.delete(name);
    else this.#counts.set(name, count - 1);
  }
}

/**
 * How many there are of each name. One that there is none of takes no memory.
 *
 * @module
 */

export class Tally {
  readonly #counts = new Map<string, number>();

  /** The names of which there are some. */
  get size(): number {
    return this.#counts.size;
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Counts one more, unless there are `most` already; 0: as many as come. */
  take(name: string, most: number): boolean {
    const count = this.of(name);
    if (most > 0 && count >= most) return false;
    this.#counts.set(name, count + 1);
    return true;
  }

  /** One that was taken is no more. */
  give(name: string): void {
    const left = this.of(name) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}

/**
 * Who has the most of something: found at once, however many there are.
 *
 * @module
 */

export class Ranking<Item> {
  readonly #counts = new Map<Item, number>();
  /** Those that have so many, in the order in which they came to it. */
  readonly #having = new Map<number, Set<Item>>();
  #most = 0;

  /** Those that have any. */
  get size(): number {
    return this.#counts.size;
  }

  of(item: Item): number {
    return this.#counts.get(item) ?? 0;
  }

  /** The one that has the most, of equals the first to have come to it; null: nobody has any. */
  get greediest(): Item | null {
    const [first = null] = this.#having.get(this.#most) ?? [];
    return first;
  }

  /** It has one more. */
  add(item: Item): void {
    const count = this.of(item);
    this.#move(item, count, count + 1);
    this.#most = Math.max(this.#most, count + 1);
  }

  /** It has one less. */
  remove(item: Item): void {
    const count = this.of(item);
    if (count === 0) return;
    this.#move(item, count, count - 1);
    // One that goes from the most goes to the next place, so that none is passed over.
    if (count === this.#most && !this.#having.has(count)) this.#most = count - 1;
  }

  #move(item: Item, from: number, to: number): void {
    const before = this.#having.get(from);
    before?.delete(item);
    if (before?.size === 0) this.#having.delete(from);
    if (to === 0) {
      this.#counts.delete(item);
      return;
    }
    this.#counts.set(item, to);
    const there = this.#having.get(to);
    if (there === undefined) this.#having.set(to, new Set([item]));
    else there.add(item);
  }
}

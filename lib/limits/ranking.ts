/**
 * Who has the most of something: found at once, however many there are.
 *
 * @module
 */
import { Chain, type Link } from "../base/chain.ts";

/** So many are kept that have none: one of these has some again soon, and a Map that empties makes itself a new table each time. */
const MOST_KEPT = 16;

interface Standing<Item> {
  readonly item: Item;
  count: number;
  /** Among those that have as many; null: it has none. */
  link: Link<Item> | null;
}

export class Ranking<Item> {
  readonly #standings = new Map<Item, Standing<Item>>();
  /** Those that have so many, in the order in which they came to it. */
  readonly #having: Chain<Item>[] = [];
  #most = 0;
  /** Those that have any. */
  size = 0;

  of(item: Item): number {
    return this.#standings.get(item)?.count ?? 0;
  }

  /** The one that has the most, of equals the first to have come to it; null: nobody has any. */
  get greediest(): Item | null {
    return this.#having[this.#most]?.first ?? null;
  }

  /** It has one more. */
  add(item: Item): void {
    let standing = this.#standings.get(item);
    if (standing === undefined) {
      standing = { item, count: 0, link: null };
      this.#standings.set(item, standing);
    }
    if (standing.count === 0) this.size++;
    this.#move(standing, standing.count + 1);
    this.#most = Math.max(this.#most, standing.count);
  }

  /** It has one less. */
  remove(item: Item): void {
    const standing = this.#standings.get(item);
    if (standing === undefined || standing.count === 0) return;
    const { count } = standing;
    this.#move(standing, count - 1);
    // One that goes from the most goes to the next place, so that none is passed over.
    if (count === this.#most && this.#having[count]!.size === 0) this.#most = count - 1;
    if (count > 1) return;
    this.size--;
    if (this.#standings.size > MOST_KEPT) this.#standings.delete(item);
  }

  #move(standing: Standing<Item>, to: number): void {
    const { item, count, link } = standing;
    if (link !== null) this.#having[count]!.delete(link);
    standing.count = to;
    standing.link = to === 0 ? null : (this.#having[to] ??= new Chain()).add(item);
  }
}

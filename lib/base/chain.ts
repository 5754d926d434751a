/**
 * Things in the order in which they came, each with a link by which it is taken out without a search: for what comes and goes with every
 * connection. A Set that empties makes itself a new table each time, and the old one holds the new one (V8), so that what was in one once
 * is collected only with all of the heap.
 *
 * @module
 */

/** A thing's place in a chain. */
export interface Link<T> {
  readonly value: T;
  previous: Link<T> | null;
  next: Link<T> | null;
  isIn: boolean;
}

export class Chain<T> {
  size = 0;
  #first: Link<T> | null = null;
  #last: Link<T> | null = null;

  /** The one that is there the longest; null: there is none. */
  get first(): T | null {
    return this.#first?.value ?? null;
  }

  /** Puts one at the end. */
  add(value: T): Link<T> {
    const link: Link<T> = { value, previous: this.#last, next: null, isIn: true };
    if (this.#last === null) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.size++;
    return link;
  }

  /** Takes one out that is in this chain; false: it has been. */
  delete(link: Link<T>): boolean {
    if (!link.isIn) return false;
    const { previous, next } = link;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    // What is out holds nothing that is in.
    link.previous = link.next = null;
    link.isIn = false;
    this.size--;
    return true;
  }

  /** The one that is there the longest of those that a condition holds for; null: of none. */
  find(holds: (value: T) => boolean): T | null {
    let link = this.#first;
    while (link !== null && !holds(link.value)) link = link.next;
    return link?.value ?? null;
  }

  /** Those that are there as it begins, as far as they still are when it comes to them. */
  *[Symbol.iterator](): Generator<T, void> {
    const links: Link<T>[] = [];
    for (let link = this.#first; link !== null; link = link.next) links.push(link);
    for (const link of links) if (link.isIn) yield link.value;
  }
}

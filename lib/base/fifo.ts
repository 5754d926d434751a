/**
 * First in, first out. Of two arrays that are kept one is filled while the other is emptied, so that nothing is moved and little is made.
 *
 * @module
 */
export class Fifo<T> {
  #in: T[] = [];
  #out: T[] = [];
  /** The next one of those on their way out. */
  #at = 0;

  get size(): number {
    return this.#in.length + this.#out.length - this.#at;
  }

  push(value: T): void {
    this.#in.push(value);
  }

  /** Takes out the one that is there the longest; undefined: there is none. */
  shift(): T | undefined {
    if (this.#at === this.#out.length) {
      if (this.#in.length === 0) return undefined;
      const emptied = this.#out;
      this.#out = this.#in;
      this.#in = emptied;
      this.#at = 0;
    }
    const value = this.#out[this.#at++];
    // Nothing that was in it is kept from being collected.
    if (this.#at === this.#out.length) this.#at = this.#out.length = 0;
    return value;
  }
}

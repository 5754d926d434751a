/**
 * What is known now or later, and is told of at once: with no promise and no turn of the runtime in between. It never fails: what can go wrong is a value.
 *
 * For what happens with every connection; it can be awaited where that is no matter.
 *
 * @module
 */

export class Later<T> implements PromiseLike<T> {
  #known: { readonly value: T } | null = null;
  #listener: ((value: T) => void) | null = null;

  /** One that is known. */
  static of<T>(value: T): Later<T> {
    const later = new Later<T>();
    later.tell(value);
    return later;
  }

  /** It is known from now on; once. */
  tell(value: T): void {
    this.#known = { value };
    const listener = this.#listener;
    this.#listener = null;
    listener?.(value);
  }

  /** Gives what `onValue` makes of it, which is called before this returns if the value is known. For one listener. */
  then<U = T, V = never>(
    onValue?: ((value: T) => U | PromiseLike<U>) | null,
    _onError?: ((reason: unknown) => V | PromiseLike<V>) | null,
  ): Later<U | V> {
    if (this.#known !== null) {
      const made = onValue!(this.#known.value);
      if (made instanceof Later) return made;
      if (!isThenable(made)) return Later.of<U | V>(made);
      const next = new Later<U | V>();
      made.then((value) => next.tell(value));
      return next;
    }
    const next = new Later<U | V>();
    this.#listener = (value) => {
      const made = onValue!(value);
      if (isThenable(made)) made.then((value) => next.tell(value));
      else next.tell(made);
    };
    return next;
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return value instanceof Later || value instanceof Promise;
}

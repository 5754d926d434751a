/**
 * What outlives the configurations that ask for it, as hosts do: files that are watched, keys behind a URL, passwords that were right, connections to
 * who knows where tokens lead. The next configuration that asks for the same gets the same; what none holds any more is closed.
 *
 * @module
 */

/** Something that is kept. */
export interface Keepable {
  /** No configuration asks it any more; whoever asks it now is still answered. */
  close(): void;
  /** Looks at once at what it looks at every now and then anyway. */
  look?(): void;
}

/** What one configuration holds. */
export interface Holding {
  /** What has this name, which may hold secrets; `make` makes it where nothing has. */
  get<T extends Keepable>(name: string, make: () => T): T;
  /** Holds nothing any more. */
  release(): void;
}

export interface Kept {
  hold(): Holding;
  /** Has all look that can. */
  look(): void;
}

interface Entry {
  readonly kept: Keepable;
  readonly holders: Set<object>;
}

export function createKept(): Kept {
  const entries = new Map<string, Entry>();

  function hold(): Holding {
    const holder = {};
    return {
      get<T extends Keepable>(name: string, make: () => T) {
        const entry = entries.get(name) ?? { kept: make(), holders: new Set() };
        entries.set(name, entry);
        entry.holders.add(holder);
        return entry.kept as T;
      },
      release() {
        for (const [name, { kept, holders }] of entries) {
          if (!holders.delete(holder) || holders.size > 0) continue;
          entries.delete(name);
          kept.close();
        }
      },
    };
  }

  return {
    hold,
    look() {
      for (const { kept } of entries.values()) kept.look?.();
    },
  };
}

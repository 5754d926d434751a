/**
 * Whose turn it is where much happens at once. A turn of the loop is for so many of them, in the order in which they came; but who has been
 * quiet for twice as long as they are as a rule, between one turn of theirs and the next, has his at once (as FQ-CoDel serves new flows first,
 * RFC 8290, 4.2). So somebody who types waits for one short turn, and not for a thousand who stream.
 *
 * What is measured is in turns, and compared with what the others have: where all are alike nobody goes first.
 *
 * @module
 */
import { Fifo } from "../../base/fifo.ts";
import type { Watch } from "./watch.ts";

/** From so many events on it is a crowd. */
export const CROWD = 16;

/** What one turn is for: so many events, and so many of those who ask for another step. */
export const MOST_EVENTS = 64;
export const MOST_AGAIN = 16;

/** And nobody else once so much was received, some 0.3 ms of work; the look for more costs 1 us. */
export const MOST_BYTES = 512 * 1024;

/** Who has been quiet so many times as long as the others. */
const QUIET = 2;

/** What is usual moves by a 64th of what is seen, and by so many times itself at most. */
const SHIFT = 6;
const MOST_TIMES = 4;

export class Crowd {
  readonly #queue = new Fifo<Watch>();
  #turn = 0;
  /** How many turns lie between two of the same, times 64. */
  #usual = 0;

  /** How many wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** A turn begins. */
  begin(): void {
    this.#turn = this.#turn + 1 | 0;
  }

  /** Who is new has been so for ever. */
  isQuiet(watch: Watch): boolean {
    return isNew(watch) || this.#turnsSince(watch) > QUIET * (this.#usual >> SHIFT) + 1;
  }

  /** It has something: it waits, if it doesn't already, until {@linkcode Crowd.next} gives it. */
  wait(watch: Watch, mask: number): void {
    if (watch.waiting === 0) this.#queue.push(watch);
    watch.waiting |= mask;
  }

  /** Who has waited longest; undefined: nobody waits. */
  next(): Watch | undefined {
    for (;;) {
      const watch = this.#queue.shift();
      // One that was closed meanwhile, or has had its turn, waits for nothing.
      if (watch === undefined || (watch.waiting !== 0 && !watch.closed)) return watch;
    }
  }

  /** It has its turn now: gives what it has waited with. */
  serve(watch: Watch): number {
    const usual = this.#usual >> SHIFT;
    // Where connections come and go the first turns would be most of them, and say nothing of what lies between two.
    if (!isNew(watch)) {
      this.#usual += Math.min(this.#turnsSince(watch), MOST_TIMES * (usual + 1)) - usual;
    }
    watch.turn = this.#turn;
    const mask = watch.waiting;
    watch.waiting = 0;
    return mask;
  }

  /** They are counted up to 2 ** 32, and on from 0. */
  #turnsSince({ turn }: Watch): number {
    return this.#turn - turn >>> 0;
  }
}

function isNew({ turn }: Watch): boolean {
  return turn === 0;
}

/**
 * A descriptor in a loop's hands: its one owner.
 *
 * @module
 */
import type { Loop } from "./loop.ts";

/** Is told of what happens at a descriptor. None of these is called within another, nor within a call that it makes of the loop. */
export interface Watcher {
  /** What of its mask has come true. */
  onEvent(mask: number): void;
  /** The step that it asked for. */
  onTurn(): void;
  /** It has thrown: whatever it is part of is to end. */
  onDefect(): void;
}

/** Of a descriptor that has been taken in hand, until who is to be told is there. */
export const NOBODY: Watcher = { onEvent() {}, onTurn() {}, onDefect() {} };

export class Watch {
  /** Another step has been asked for. */
  listed = false;
  closed = false;
  /** What has happened, of which it is yet to be told (`crowd.ts`). */
  waiting = 0;
  /** Of the loop, when it was told of something last; 0: it has yet to be. */
  turn = 0;
  /** Who is told; another one once somebody else goes on with it. */
  watcher: Watcher;
  readonly descriptor: number;
  /** No other one of its loop has it. */
  readonly generation: number;
  readonly #loop: Loop;

  constructor(loop: Loop, descriptor: number, generation: number, watcher: Watcher) {
    this.#loop = loop;
    this.descriptor = descriptor;
    this.generation = generation;
    this.watcher = watcher;
  }

  /** Asks for a step of its own, once the others have had theirs. */
  again(): void {
    if (this.listed || this.closed) return;
    this.listed = true;
    this.#loop.stepLater(this);
  }

  /** Asks for other events from now on. */
  modify(mask: number): void {
    if (!this.closed) this.#loop.modify(this, mask);
  }

  /** Lets go of the descriptor, which stays open and is the caller's: nothing is told of it any more. Throws where it is closed: its number may be another's. */
  take(): number {
    if (this.closed) throw new Error("a descriptor that is closed is nobody's to take");
    this.closed = true;
    this.#loop.forget(this);
    return this.descriptor;
  }

  /** Closes the descriptor, once, at the end of the turn: nothing is told of it any more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#loop.release(this);
  }
}

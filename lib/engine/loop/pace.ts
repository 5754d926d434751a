/**
 * When a loop does better to wait a moment, so that more comes together: a client that streams small messages is read as fast as it sends, a few
 * of them at a time, and each read costs as much as a large one.
 *
 * Only a read that brings several frames, and is small all the same, says so: who waits for an answer sends one. And where much happens in a turn, or
 * more of those who read wait for answers than stream, nobody waits. Where nobody streams, and few read, a look before the loop sleeps may pay.
 *
 * @module
 */
import { Look } from "./look.ts";

/** A read under so many bytes, with more than so many frames, is of a stream of small messages. */
const SMALL_READ_BYTES = 16 * 1024;
const FEW_FRAMES = 2;

/** From so many events in a turn on what comes together is enough. */
const MANY_EVENTS = 16;

/** What to do before the next turn waits. */
export type Rest = "none" | "gather" | "look";

export class Pace {
  readonly look: Look = new Look();
  /** What was read in this turn. */
  bytes = 0;
  #reads = 0;
  #streams = 0;
  #questions = 0;

  /** A read has brought so many bytes, and so many frames have begun in them. */
  read(bytes: number, frames: number): void {
    this.#reads++;
    this.bytes += bytes;
    if (frames === 0 || bytes >= SMALL_READ_BYTES) return;
    this.#questions++;
    if (frames > FEW_FRAMES) this.#streams++;
  }

  /**
   * Whether to look before the next turn of a loop whose connections open and close: whatever has happened is somebody's turn to answer. A connection that is opened, used once and
   * closed takes 139 us in place of 163 so.
   */
  looks(events: number): boolean {
    return events > 0 && events < MANY_EVENTS && this.look.pays();
  }

  /** A turn with so many events is over, of a loop that moves bytes. */
  next(events: number): Rest {
    const isStream = this.#streams > 0 && this.#streams * 2 >= this.#reads;
    const isQuestion = this.#questions > 0 && this.#streams === 0;
    this.#reads = this.#streams = this.#questions = 0;
    if (events >= MANY_EVENTS) return "none";
    if (isStream) return "gather";
    return isQuestion && this.look.pays() ? "look" : "none";
  }
}

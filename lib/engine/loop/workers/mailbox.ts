/**
 * What two threads say to each other: a ring each way, and a bell at which the reader is woken, once for all that has come since it last looked.
 *
 * @module
 */
import { type Bell, bellAt } from "../../../sys/bell.ts";
import { EPOLLET, EPOLLIN } from "../../../sys/epoll.ts";
import type { Libc } from "../../../sys/libc.ts";
import type { Loop } from "../loop.ts";
import type { Watch } from "../watch.ts";
import { MAX_RECORD_BYTES, Ring, type Take } from "../../../base/ring.ts";

/** What both ends know a ring and its bell by. */
export interface Line {
  readonly ring: SharedArrayBuffer;
  /** 1: the bell has been rung, and its reader has yet to look. */
  readonly rung: SharedArrayBuffer;
  /** The bell's descriptor. */
  readonly bell: number;
}

const NOTHING = new Uint8Array(0);

/** The end that writes. */
export class Outbox {
  readonly #ring: Ring;
  readonly #rung: Int32Array;
  readonly #bell: Bell;
  /** What there was no room for, oldest first. */
  #waiting: [kind: number, numbers: readonly number[], bytes: Uint8Array][] = [];

  constructor(libc: Libc, { ring, rung, bell }: Line) {
    this.#ring = new Ring(ring);
    this.#rung = new Int32Array(rung);
    this.#bell = bellAt(libc, bell);
  }

  /** Some of what was sent is still here: {@linkcode flush} is to be called every now and then. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Sends a record; `bytes` may be used again at once. Throws where it is longer than a ring's half. */
  send(kind: number, numbers: readonly number[], bytes: Uint8Array = NOTHING): void {
    if (bytes.length + numbers.length * 8 > MAX_RECORD_BYTES) throw new Error("too long a record");
    if (this.isWaiting || !this.#ring.write(kind, numbers, bytes)) {
      this.#waiting.push([kind, numbers, bytes.slice()]);
    }
    this.#call();
  }

  /** Sends what had no room. */
  flush(): void {
    if (!this.isWaiting) return;
    const sent = this.#waiting.findIndex((record) => !this.#ring.write(...record));
    this.#waiting = sent < 0 ? [] : this.#waiting.slice(sent);
    this.#call();
  }

  #call(): void {
    if (Atomics.exchange(this.#rung, 0, 1) === 0) this.#bell.ring();
  }
}

/** The end that reads. */
export class Inbox {
  readonly #ring: Ring;
  readonly #rung: Int32Array;
  readonly #watch: Watch;
  readonly #take: Take;

  /** Hands over all that comes, in turns of a loop. Throws what the system says. */
  constructor({ ring, rung, bell }: Line, loop: Loop, take: Take) {
    this.#ring = new Ring(ring);
    this.#rung = new Int32Array(rung);
    this.#take = take;
    // Each ring is an edge: it needs no hushing.
    const mask = EPOLLIN | EPOLLET;
    this.#watch = loop.watch(bell, mask, {
      onEvent: () => this.read(),
      onTurn() {},
      onDefect() {},
    });
  }

  /** Hands over what has come, at once. */
  read(): void {
    // Before it looks: what comes from now on rings again.
    Atomics.store(this.#rung, 0, 0);
    while (this.#ring.read(this.#take));
  }

  /** Nothing is handed over any more; the bell is whose it was. */
  close(): void {
    if (!this.#watch.closed) this.#watch.take();
  }
}

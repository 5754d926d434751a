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

/** How long it waits before it tries again what its ring had no room for. */
const FULL_PAUSE_MS = 1;

const NAP = new Int32Array(new SharedArrayBuffer(4));

/** Has the thread do nothing for so long. */
export function nap(ms: number): void {
  Atomics.wait(NAP, 0, 0, ms);
}

/** The end that writes. */
export class Outbox {
  readonly #ring: Ring;
  readonly #rung: Int32Array;
  readonly #bell: Bell;
  readonly #patienceMs: number;
  /** What there was no room for, oldest first. */
  #waiting: [kind: number, numbers: readonly number[], bytes: Uint8Array][] = [];
  /** When the reader is to be woken, who may have read all by then. */
  #dueAtMs = Infinity;

  /** `patienceMs`: how long a reader that looks by itself has to do so, before it is woken. @default at once */
  constructor(libc: Libc, { ring, rung, bell }: Line, patienceMs = 0) {
    this.#ring = new Ring(ring);
    this.#rung = new Int32Array(rung);
    this.#bell = bellAt(libc, bell);
    this.#patienceMs = patienceMs;
  }

  /** How long until {@linkcode look} is to be called again; Infinity: it need not be. */
  get leftMs(): number {
    if (this.#waiting.length > 0) return FULL_PAUSE_MS;
    return this.#dueAtMs === Infinity ? Infinity : Math.max(0, this.#dueAtMs - performance.now());
  }

  /** Sends a record; `bytes` may be used again at once. Throws where it is longer than {@linkcode MAX_RECORD_BYTES}. */
  send(kind: number, numbers: readonly number[], bytes: Uint8Array = NOTHING): void {
    if (bytes.length + numbers.length * 8 > MAX_RECORD_BYTES) throw new Error("too long a record");
    if (this.#waiting.length > 0 || !this.#ring.write(kind, numbers, bytes)) {
      this.#waiting.push([kind, numbers, bytes.slice()]);
    }
    this.#wakeInTime();
  }

  /** Sends a record that is left out where its reader is behind by a whole ring: what waits would be without bound. */
  offer(kind: number, numbers: readonly number[]): void {
    if (this.#waiting.length > 0) return;
    if (this.#ring.write(kind, numbers, NOTHING)) this.#wakeInTime();
  }

  /** Sends what had no room, and wakes a reader that hasn't looked in time; to be called every now and then. */
  look(): void {
    if (this.#waiting.length > 0) this.#sendWaiting();
    if (this.#dueAtMs === Infinity) return;
    if (this.#ring.isRead) this.#dueAtMs = Infinity;
    else if (performance.now() >= this.#dueAtMs) {
      this.#dueAtMs = Infinity;
      this.wake();
    }
  }

  /** Sends what had no room and wakes the reader, before its thread ends: waits for room, `ms` at most. */
  flush(ms: number): void {
    const untilMs = performance.now() + ms;
    while (this.#waiting.length > 0 && performance.now() < untilMs) {
      nap(FULL_PAUSE_MS);
      this.#sendWaiting();
    }
    this.wake();
  }

  /** Hands over what its reader, which is no more, has left unread. */
  takeBack(take: (kind: number, numbers: readonly number[]) => void): void {
    this.#ring.readAll(take);
    for (const [kind, numbers] of this.#waiting.splice(0)) take(kind, numbers);
  }

  #wakeInTime(): void {
    if (this.#patienceMs === 0) this.wake();
    else if (this.#dueAtMs === Infinity) this.#dueAtMs = performance.now() + this.#patienceMs;
  }

  #sendWaiting(): void {
    const sent = this.#waiting.findIndex((record) => !this.#ring.write(...record));
    this.#waiting = sent < 0 ? [] : this.#waiting.slice(sent);
    this.wake();
  }

  /** Wakes the reader, unless it has been and has yet to look. */
  wake(): void {
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
  constructor(
    { ring, rung, bell }: Line,
    loop: Loop,
    onDefect: (error: unknown) => void,
    take: Take,
  ) {
    this.#ring = new Ring(ring);
    this.#rung = new Int32Array(rung);
    // What one record makes somebody throw is not the next one's.
    this.#take = (...record) => {
      try {
        take(...record);
      } catch (error) {
        onDefect(error);
      }
    };
    // Each ring is an edge: it needs no hushing.
    const mask = EPOLLIN | EPOLLET;
    this.#watch = loop.borrow(bell, mask, {
      onEvent: () => this.read(),
      onTurn() {},
      onDefect() {},
    });
  }

  /** Whether there is nothing to be handed over. */
  get isRead(): boolean {
    return this.#ring.isRead;
  }

  /** Hands over what has come, at once. */
  read(): void {
    // Before it looks: what comes from now on rings again.
    Atomics.store(this.#rung, 0, 0);
    this.#ring.readAll(this.#take);
  }

  /** Nothing is handed over any more; the bell is whose it was. */
  close(): void {
    if (!this.#watch.closed) this.#watch.take();
  }
}

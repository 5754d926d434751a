/**
 * An event loop of our own: one look at all descriptors, and what happened at each is told to whoever watches it. Nothing in it waits for the
 * runtime: what calls {@linkcode Loop.turn} again and again may be a thread that does nothing else.
 *
 * A turn goes in this order, so that nobody is shut out and no descriptor's number means two things:
 *
 * 1. the events that there are, one step for each watcher that they are of, as many as a turn is for ({@linkcode Crowd}); where many have little to read, all of these at once
 *    behind the others ({@linkcode Batch});
 * 2. who looks at what the events have left ({@linkcode Loop.behindEvents});
 * 3. some of those who asked for another step ({@linkcode Watch.again}), one step each; who asks again then has a later turn;
 * 4. what was closed meanwhile is closed.
 *
 * @module
 */
import { Fifo } from "../../base/fifo.ts";
import { beginTurn, endTurn } from "../../base/turn_clock.ts";
import { Epoll, EPOLLIN } from "../../sys/epoll.ts";
import { type Bell, openBell } from "../../sys/bell.ts";
import { openRing } from "../../sys/io_uring.ts";
import { addressOf, type HotCalls, hotCalls } from "../../sys/hot_calls.ts";
import type { Libc } from "../../sys/libc.ts";
import { createSockets, type Sockets } from "../../sys/sockets.ts";
import { type WideBytes, wideBytes } from "../../websocket/wide_bytes.ts";
import { endFallen } from "../defect.ts";
import { Batch, SLOTS } from "./batch.ts";
import { CROWD, Crowd, MOST_AGAIN, MOST_BYTES, MOST_EVENTS } from "./crowd.ts";
import { Pace } from "./pace.ts";
import { Watch, type Watcher } from "./watch.ts";

/** What is received at once, and room in front of it. Each of the buffers of the stream engine is as large by default. */
const ROOM_BYTES = 256 * 1024;

/** Half of what it takes to sleep and to be woken. */
const LOOK_MS = 0.05;

/** From so many events in a turn on a batch is worth its own two calls. */
const BATCH_FROM = 4;

export interface LoopOptions {
  /** Told of what a watcher has thrown, who is told of it as well. */
  readonly onDefect: (error: unknown) => void;
  /** Its thread does nothing else: it is worth a ring of its own. @default {false} */
  readonly batches?: boolean;
}

export class Loop {
  readonly calls: HotCalls;
  readonly sockets: Sockets;
  /** Where all that comes is received, whoever it is for: valid until the next step. */
  readonly room: WideBytes = wideBytes(new Uint8Array(new ArrayBuffer(ROOM_BYTES)));
  readonly roomAddress: bigint = addressOf(this.room.bytes);
  /** Something was begun that is the runtime's to go on with: it is to have its turn. */
  owesRuntime = false;
  /** Something is to be called behind the turn (`queueMicrotask()`). */
  owesCalls = false;
  /** Who waits for the descriptor of its events waits for something that can't be seen there, and is to be woken. */
  sleeps = false;
  /** What was read in a turn. */
  readonly pace: Pace = new Pace();
  /** Called in each turn, once it has waited. */
  atTurn: () => void = () => {};
  /** Called in each turn behind the events, when what was held up by them has gone out, and before anything is read on. */
  behindEvents: () => void = () => {};
  /** Null until a turn is worth one, and where the system has none to give. */
  batch: Batch | null = null;
  readonly #libc: Libc;
  #wantsBatch: boolean;
  readonly #epoll: Epoll;
  readonly #bell: Bell;
  readonly #options: LoopOptions;
  /** By descriptor. */
  readonly #watches: (Watch | undefined)[] = [];
  #generation = 0;
  readonly #crowd = new Crowd();
  readonly #again = new Fifo<Watch>();
  #toClose: number[] = [];
  #inTurn = false;

  /** Throws what the system says. */
  constructor(libc: Libc, options: LoopOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#wantsBatch = options.batches === true;
    this.calls = hotCalls(libc);
    this.sockets = createSockets(libc, this.calls);
    this.#epoll = new Epoll(libc, this.calls);
    try {
      this.#bell = openBell(libc);
      const watcher = { onEvent: () => this.#bell.hush(), onTurn() {}, onDefect() {} };
      this.watch(this.#bell.descriptor, EPOLLIN, watcher);
    } catch (error) {
      this.#epoll.close();
      throw error;
    }
  }

  /** Readable while something has happened. */
  get descriptor(): number {
    return this.#epoll.descriptor;
  }

  /** Something is left of the turns before. */
  get isBehind(): boolean {
    return this.#again.size > 0 || this.#crowd.size > 0;
  }

  /** Takes a descriptor over, to tell of what `mask` asks for. Throws what the system says; it is closed then. */
  watch(descriptor: number, mask: number, watcher: Watcher): Watch {
    try {
      return this.borrow(descriptor, mask, watcher);
    } catch (error) {
      this.sockets.close(descriptor);
      throw error;
    }
  }

  /** The same with one that is another's, to whom it is left by {@linkcode Watch.take}, or where this throws. */
  borrow(descriptor: number, mask: number, watcher: Watcher): Watch {
    const generation = this.#generation = this.#generation + 1 | 0;
    this.#epoll.add(descriptor, mask, generation);
    return this.#watches[descriptor] = new Watch(this, descriptor, generation, watcher);
  }

  /** Receives `most` bytes at most at a place of the room: gives how many came, or `-errno`. */
  recv(descriptor: number, from: number, most: number): number {
    const count = this.calls.recv(
      descriptor,
      BigInt.asUintN(64, this.roomAddress + BigInt(from | 0)),
      BigInt.asUintN(64, BigInt(most | 0)),
    );
    return count < 0 ? -this.calls.errno : count;
  }

  /** Sends `[start..end)` of some bytes, for which nothing is made where they are the room's: gives how many went, or `-errno`. */
  send(descriptor: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    const { calls } = this;
    const count = bytes === this.room.bytes
      ? calls.send(
        descriptor,
        BigInt.asUintN(64, this.roomAddress + BigInt(start | 0)),
        BigInt.asUintN(64, BigInt(end - start | 0)),
      )
      : calls.sendView(
        descriptor,
        end - start === bytes.length ? bytes : bytes.subarray(start, end),
      );
    return count < 0 ? -calls.errno : count;
  }

  /**
   * Waits for something to happen, `ms` at most, and deals with it, a step for each, as far as one turn goes; gives how many steps that were, of which there are more
   * while it isn't 0. `looks`: it looks for a moment before it sleeps.
   */
  turn(ms: number, looks = false): number {
    const count = looks ? this.#look(ms) : this.#wait(ms);
    this.#inTurn = true;
    beginTurn();
    this.pace.bytes = 0;
    this.#tell(this.atTurn);
    const events = this.#dealWith(count);
    this.#tell(this.behindEvents);
    const again = this.#again.size > 0 ? this.#stepAgain() : 0;
    this.#inTurn = false;
    endTurn();
    if (this.#toClose.length > 0) this.#closeAll();
    return events + again;
  }

  /** Closes what is still open. */
  close(): void {
    for (const watch of this.#watches) watch?.close();
    this.#closeAll();
    this.#epoll.close();
    this.batch?.close();
  }

  /** Has the turn come that is waited for. */
  wake(): void {
    this.#bell.ring();
  }

  /** For {@linkcode Watch}. */
  modify({ descriptor, generation }: Watch, mask: number): void {
    this.#epoll.modify(descriptor, mask, generation);
  }

  /** For {@linkcode Watch}. */
  stepLater(watch: Watch): void {
    this.#again.push(watch);
    if (!this.sleeps || this.#inTurn) return;
    this.sleeps = false;
    this.wake();
  }

  /** For {@linkcode Watch}. */
  forget({ descriptor }: Watch): void {
    this.#watches[descriptor] = undefined;
    this.#epoll.remove(descriptor);
  }

  /** For {@linkcode Watch}. */
  release({ descriptor }: Watch): void {
    this.#watches[descriptor] = undefined;
    if (this.#inTurn) this.#toClose.push(descriptor);
    else this.sockets.close(descriptor);
  }

  /** As much as a turn is for. */
  get #hasReceivedMuch(): boolean {
    return this.pace.bytes >= MOST_BYTES;
  }

  #wait(ms: number): number {
    return this.#epoll.wait(this.isBehind ? 0 : ms);
  }

  #look(ms: number): number {
    let count = this.#epoll.wait(0);
    if (count > 0 || this.isBehind) return count;
    const untilMs = performance.now() + LOOK_MS;
    while (count === 0 && performance.now() < untilMs) {
      // It may be the one that answers, or another worker.
      this.calls.yield();
      count = this.#epoll.wait(0);
    }
    this.pace.look.was(count > 0);
    return count > 0 ? count : this.#epoll.wait(ms);
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.onDefect(error);
    }
  }

  /** Gives of how many events it has told. */
  #dealWith(count: number): number {
    const crowd = this.#crowd;
    crowd.begin();
    const isCrowd = count >= CROWD || crowd.size > 0;
    if (isCrowd || count >= BATCH_FROM) this.#gather();
    let told = 0;
    for (let i = 0; i < count; i++) {
      const watch = this.#watches[this.#epoll.where(i)];
      // It was closed, and what its number means by now is another's.
      if (watch === undefined || watch.generation !== this.#epoll.generation(i)) continue;
      const mask = this.#epoll.mask(i);
      if ((isCrowd || this.#hasReceivedMuch) && !crowd.isQuiet(watch)) {
        crowd.wait(watch, mask);
        continue;
      }
      told++;
      this.#step(watch, mask);
    }
    if (isCrowd) told += this.#serveCrowd();
    this.#runBatch();
    return told;
  }

  #serveCrowd(): number {
    let told = 0;
    do {
      const watch = this.#crowd.next();
      if (watch === undefined) break;
      told++;
      this.#step(watch, 0);
    } while (told < MOST_EVENTS && !this.#hasReceivedMuch);
    return told;
  }

  #step(watch: Watch, mask: number): void {
    try {
      watch.watcher.onEvent(mask | this.#crowd.serve(watch));
    } catch (error) {
      this.#fail(watch, error);
    }
  }

  #gather(): void {
    if (this.#wantsBatch) {
      this.#wantsBatch = false;
      const ring = openRing(this.#libc, this.calls, SLOTS);
      const onThrown = (watch: Watch, error: unknown) => this.#fail(watch, error);
      if (ring !== null) this.batch = new Batch(ring, Number(this.roomAddress), onThrown);
    }
    if (this.batch !== null) this.batch.isGathering = true;
  }

  #runBatch(): void {
    const { batch } = this;
    if (batch === null || !batch.isGathering) return;
    batch.isGathering = false;
    batch.run();
  }

  /** Gives how many had a step. */
  #stepAgain(): number {
    const most = Math.min(this.#again.size, MOST_AGAIN);
    let steps = 0;
    do {
      const watch = this.#again.shift()!;
      watch.listed = false;
      steps++;
      if (watch.closed) continue;
      try {
        watch.watcher.onTurn();
      } catch (error) {
        this.#fail(watch, error);
      }
    } while (steps < most && !this.#hasReceivedMuch);
    return steps;
  }

  #closeAll(): void {
    // To set a length costs more than the rest of it.
    while (this.#toClose.length > 0) this.sockets.close(this.#toClose.pop()!);
  }

  /** A defect costs its tunnel, not all of them. */
  #fail(watch: Watch, error: unknown): void {
    if (!endFallen(watch.watcher, error, this.#options.onDefect)) watch.close();
  }
}

/**
 * What happens at descriptors: epoll(7). Events are read out of an array that is kept, so that none of them makes an object.
 *
 * Each carries a descriptor and the generation that its owner gave it: a descriptor's number is used again as soon as it is closed, and an event
 * of the one before would be taken for the new one's.
 *
 * Linux only, through FFI.
 *
 * @module
 */
import { Errno, systemError } from "./errno.ts";
import { addressOf, type HotCalls } from "./hot_calls.ts";
import type { Libc } from "./libc.ts";

// Of <sys/epoll.h>.
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 1 << 31;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** `struct epoll_event` is packed on x86-64 and nowhere else: its length and where its data is, in words of four bytes. */
export function eventLayout(arch: typeof Deno.build.arch): { words: number; dataWord: number } {
  return arch === "x86_64" ? { words: 3, dataWord: 1 } : { words: 4, dataWord: 2 };
}

const { words: EVENT_WORDS, dataWord: DATA_WORD } = eventLayout(Deno.build.arch);

/** The most that one look brings; what is behind comes with the next. */
const MAX_EVENTS = 512;

export class Epoll {
  /** Readable itself while something has happened. */
  readonly descriptor: number;
  readonly #libc: Libc;
  readonly #calls: HotCalls;
  readonly #events = new Int32Array(MAX_EVENTS * EVENT_WORDS);
  readonly #address = addressOf(this.#events);
  readonly #request = new Int32Array(new ArrayBuffer(EVENT_WORDS * 4));
  readonly #requestAddress = addressOf(this.#request);

  /** Throws what the system says. */
  constructor(libc: Libc, calls: HotCalls) {
    this.#libc = libc;
    this.#calls = calls;
    this.descriptor = libc.symbols.epoll_create1(EPOLL_CLOEXEC);
    if (this.descriptor < 0) throw systemError(libc, calls.errno);
  }

  /** Tells from now on of what `mask` asks for. Throws what the system says. */
  add(descriptor: number, mask: number, generation: number): void {
    this.#control(EPOLL_CTL_ADD, descriptor, mask, generation);
  }

  /** Asks for something else; what is so already is told of again. */
  modify(descriptor: number, mask: number, generation: number): void {
    this.#control(EPOLL_CTL_MOD, descriptor, mask, generation);
  }

  /** Tells of it no more, if it did, though it stays open. */
  remove(descriptor: number): void {
    this.#libc.symbols.epoll_ctl(this.descriptor, EPOLL_CTL_DEL, descriptor, this.#request);
  }

  /** Waits until something happens, `ms` at most (-1: for any time), and gives how many events there are. Throws what the system says. */
  wait(ms: number): number {
    const count = this.#calls.epollWait(this.descriptor, this.#address, MAX_EVENTS, ms);
    if (count >= 0) return count;
    const { errno } = this.#calls;
    // A signal came: whoever waits looks at the time and comes again.
    if (errno === Errno.EINTR) return 0;
    throw systemError(this.#libc, errno);
  }

  /** Of the event at an index: what happened, where, and of which generation that is. */
  mask(index: number): number {
    return this.#events[index * EVENT_WORDS]!;
  }

  where(index: number): number {
    return this.#events[index * EVENT_WORDS + DATA_WORD]!;
  }

  generation(index: number): number {
    return this.#events[index * EVENT_WORDS + DATA_WORD + 1]!;
  }

  close(): void {
    this.#libc.symbols.close(this.descriptor);
  }

  #control(operation: number, descriptor: number, mask: number, generation: number): void {
    this.#request[0] = mask;
    this.#request[DATA_WORD] = descriptor;
    this.#request[DATA_WORD + 1] = generation;
    const { epollCtl } = this.#calls;
    if (epollCtl(this.descriptor, operation, descriptor, this.#requestAddress) === 0) return;
    throw systemError(this.#libc, this.#calls.errno);
  }
}

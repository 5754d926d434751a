/**
 * A listening socket in a loop's hands, or the place of one: it may be taken, and another be put there. It is level-triggered: what one step
 * leaves waiting is told of again.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";
import { EPOLLIN } from "../../sys/epoll.ts";
import { Errno } from "../../sys/errno.ts";
import { addressOf } from "../../sys/hot_calls.ts";
import type { Seat } from "../../sys/seat.ts";
import { decodeSocketAddress } from "../../sys/socket_address.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../../sys/socket_constants.ts";
import { MAX_ADDRESS_BYTES } from "../../sys/sockets.ts";
import { RETRY_MS } from "../accept.ts";
import type { Sweep, Ticking } from "../sweep.ts";
import { RECEIVES } from "./interest.ts";
import type { Loop } from "./loop.ts";
import { NOBODY, type Watch, type Watcher } from "./watch.ts";

/** What one step accepts; then the others have theirs. */
const MOST_AT_ONCE = 64;

export interface AcceptorOptions {
  readonly sweep: Sweep;
  /** Takes a connection over, with its peer's address; where it throws the connection is closed. */
  readonly onConnection: (connection: Watch, peer: Address) => void;
  /** Told of the first of several failures. */
  readonly onFailing: (error: unknown) => void;
}

export class Acceptor implements Watcher, Ticking, Seat {
  readonly #loop: Loop;
  readonly #options: AcceptorOptions;
  readonly #name = new Uint8Array(new ArrayBuffer(MAX_ADDRESS_BYTES));
  readonly #length = new Uint32Array(new ArrayBuffer(4));
  readonly #nameAddress = addressOf(this.#name);
  readonly #lengthAddress = addressOf(this.#length);
  /** Null: there is no socket. */
  #watch: Watch | null = null;
  #isFailing = false;
  /**
   * How many to ask for in a step. As a rule one is there, and to look for another costs a call; where there always are it grows, and at a socket that is new
   * any number may wait.
   */
  #wanted = MOST_AT_ONCE;

  constructor(loop: Loop, options: AcceptorOptions) {
    this.#loop = loop;
    this.#options = options;
  }

  put(descriptor: number): void {
    this.close();
    this.#loop.sockets.makeOurs(descriptor);
    this.#watch = this.#loop.watch(descriptor, EPOLLIN, this);
    this.#wanted = MOST_AT_ONCE;
  }

  take(): number {
    const watch = this.#leave();
    if (watch === null) throw new Error("there is no socket");
    return watch.take();
  }

  onEvent(): void {
    const watch = this.#watch;
    for (let count = 1; count <= this.#wanted; count++) {
      if (watch === null || this.#watch !== watch) return;
      if (this.#accept(watch)) continue;
      this.#wanted = 1;
      return;
    }
    this.#wanted = Math.min(1.2 * this.#wanted, MOST_AT_ONCE);
  }

  onTurn(): void {}

  /** One connection's defect is not the listener's. */
  onDefect(): void {}

  /** Tries again, after a failure. */
  tick(): void {
    this.#options.sweep.delete(this);
    this.#watch?.modify(EPOLLIN);
  }

  /** At once, within a turn as well: who looks then finds nobody who listens. */
  close(): void {
    const watch = this.#leave();
    if (watch !== null) this.#loop.sockets.close(watch.take());
  }

  /** Gives the socket, unless the loop has closed it at its end. */
  #leave(): Watch | null {
    const watch = this.#watch;
    this.#watch = null;
    this.#isFailing = false;
    this.#options.sweep.delete(this);
    return watch === null || watch.closed ? null : watch;
  }

  /** False: none waits, or none can be had. */
  #accept(listener: Watch): boolean {
    const { calls, sockets } = this.#loop;
    this.#length[0] = MAX_ADDRESS_BYTES;
    const descriptor = calls.accept4(
      listener.descriptor,
      this.#nameAddress,
      this.#lengthAddress,
      SOCK_NONBLOCK | SOCK_CLOEXEC,
    );
    if (descriptor < 0) return this.#onError(listener, calls.errno);
    const peer = decodeSocketAddress(this.#name, this.#length[0]);
    if (peer === null) {
      sockets.close(descriptor);
      return true;
    }
    let connection: Watch;
    try {
      connection = this.#loop.watch(descriptor, RECEIVES, NOBODY);
    } catch (error) {
      // The system watches no more descriptors for us.
      return this.#rest(listener, error);
    }
    this.#isFailing = false;
    try {
      this.#options.onConnection(connection, peer);
    } catch (error) {
      connection.close();
      throw error;
    }
    return true;
  }

  /** True where the client has gone while it waited: the next one is as good. */
  #onError(listener: Watch, errno: number): boolean {
    if (errno === Errno.EAGAIN) return false;
    if (errno === Errno.ECONNABORTED || errno === Errno.EINTR) return true;
    return this.#rest(listener, this.#loop.sockets.failure(errno));
  }

  /** Until it tries again it would be ready without end. */
  #rest(listener: Watch, error: unknown): false {
    listener.modify(0);
    this.#options.sweep.add(this, RETRY_MS);
    if (!this.#isFailing) this.#options.onFailing(error);
    this.#isFailing = true;
    return false;
  }
}

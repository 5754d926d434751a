/**
 * A listening socket in a loop's hands. It is level-triggered: what one step leaves waiting is told of again.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";
import { EPOLLIN } from "../../sys/epoll.ts";
import { Errno } from "../../sys/errno.ts";
import { addressOf } from "../../sys/hot_calls.ts";
import { decodeSocketAddress } from "../../sys/socket_address.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../../sys/socket_constants.ts";
import { MAX_ADDRESS_BYTES } from "../../sys/sockets.ts";
import { RETRY_MS } from "../accept.ts";
import type { Sweep, Ticking } from "../sweep.ts";
import type { Loop } from "./loop.ts";
import type { Watch, Watcher } from "./watch.ts";

/** What one step accepts; then the others have theirs. */
const MOST_AT_ONCE = 64;

export interface AcceptorOptions {
  readonly sweep: Sweep;
  /** Takes a connection over, with its peer's address. */
  readonly onConnection: (descriptor: number, peer: Address) => void;
  /** Told of the first of several failures. */
  readonly onFailing: (error: unknown) => void;
}

export class Acceptor implements Watcher, Ticking {
  readonly #loop: Loop;
  readonly #watch: Watch;
  readonly #options: AcceptorOptions;
  readonly #name = new Uint8Array(new ArrayBuffer(MAX_ADDRESS_BYTES));
  readonly #length = new Uint32Array(new ArrayBuffer(4));
  readonly #nameAddress = addressOf(this.#name);
  readonly #lengthAddress = addressOf(this.#length);
  #isFailing = false;

  /** Takes a socket over that listens. */
  constructor(loop: Loop, descriptor: number, options: AcceptorOptions) {
    this.#loop = loop;
    this.#options = options;
    this.#watch = loop.watch(descriptor, EPOLLIN, this);
  }

  onEvent(): void {
    for (let i = 0; i < MOST_AT_ONCE && !this.#watch.closed; i++) {
      if (!this.#accept()) return;
    }
  }

  onTurn(): void {}

  /** One connection's defect is not the listener's. */
  onDefect(): void {}

  /** Tries again, after a failure. */
  tick(): void {
    this.#options.sweep.delete(this);
    this.#watch.modify(EPOLLIN);
  }

  close(): void {
    this.#options.sweep.delete(this);
    this.#watch.close();
  }

  /** False: none waits, or none can be had. */
  #accept(): boolean {
    const { calls, sockets } = this.#loop;
    this.#length[0] = MAX_ADDRESS_BYTES;
    const descriptor = calls.accept4(
      this.#watch.descriptor,
      this.#nameAddress,
      this.#lengthAddress,
      SOCK_NONBLOCK | SOCK_CLOEXEC,
    );
    if (descriptor < 0) return this.#onError(calls.errno);
    this.#isFailing = false;
    const peer = decodeSocketAddress(this.#name.slice(0, this.#length[0]));
    if (peer === null) sockets.close(descriptor);
    else this.#options.onConnection(descriptor, peer);
    return true;
  }

  /** True where the client has gone while it waited: the next one is as good. */
  #onError(errno: number): boolean {
    if (errno === Errno.EAGAIN) return false;
    if (errno === Errno.ECONNABORTED || errno === Errno.EINTR) return true;
    // Until then it would be ready without end.
    this.#watch.modify(0);
    this.#options.sweep.add(this, RETRY_MS);
    if (!this.#isFailing) this.#options.onFailing(this.#loop.sockets.failure(errno));
    this.#isFailing = true;
    return false;
  }
}

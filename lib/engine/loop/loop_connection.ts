/**
 * A connection to a backend whose socket is in a loop's hands, until a tunnel goes on with it.
 *
 * @module
 */
import type { BackendConnection } from "../../backend/connection.ts";
import type { Loop } from "./loop.ts";
import { LoopTransport } from "./loop_transport.ts";
import type { Watch, Watcher } from "./watch.ts";

export class LoopConnection implements BackendConnection, Watcher {
  readonly #loop: Loop;
  readonly #watch: Watch;
  /** What has happened since it was watched: no edge comes again. */
  #seen: number;
  readonly #mask: number;

  /** `mask`: what it is watched for; `seen`: what has happened already. */
  constructor(loop: Loop, watch: Watch, mask: number, seen = 0) {
    this.#loop = loop;
    this.#watch = watch;
    this.#seen = seen;
    this.#mask = mask;
    watch.watcher = this;
  }

  /** What moves its bytes from now on. */
  toTransport(): LoopTransport {
    return new LoopTransport(this.#loop, this.#watch, this.#mask, this.#seen);
  }

  onEvent(mask: number): void {
    this.#seen |= mask;
  }

  onTurn(): void {}

  onDefect(): void {}

  /** Nobody reads before there is a tunnel. */
  read(): Promise<number | null> {
    return Promise.reject(new Error("it is read by its transport"));
  }

  /** What is said first is little, and there is room for it in a connection that is new. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const { calls } = this.#loop;
    // Its number may be another's by now.
    if (this.#watch.closed) return Promise.reject(new Deno.errors.Interrupted("it is closed"));
    const count = calls.sendView(this.#watch.descriptor, bytes);
    return count >= 0
      ? Promise.resolve(count)
      : Promise.reject(this.#loop.sockets.failure(calls.errno));
  }

  closeWrite(): Promise<void> {
    if (!this.#watch.closed) this.#loop.sockets.shutdown(this.#watch.descriptor);
    return Promise.resolve();
  }

  close(): void {
    this.#watch.close();
  }
}

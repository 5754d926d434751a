/**
 * Connecting to backends by a loop.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";
import { Later } from "../../base/later.ts";
import {
  type ConnectBounds,
  connectError,
  connectTo,
  type Dialler,
  type DirectOutcome,
  NobodyButItself,
} from "../../backend/connect.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from "../../sys/epoll.ts";
import { type Sweep, tickFor, type Ticking } from "../sweep.ts";
import { RECEIVES, SENDS_TOO } from "./interest.ts";
import type { Loop } from "./loop.ts";
import { LoopConnection } from "./loop_connection.ts";
import { NOBODY, type Watch, type Watcher } from "./watch.ts";

/** Who connects by a loop; `sweep` looks at what takes long. A name, which is to be looked up, is left to the runtime. */
export function loopDialler(loop: Loop, sweep: Sweep): Dialler {
  const begin = (address: Address, bounds: ConnectBounds): Later<DirectOutcome> | null => {
    const connecting = loop.sockets.connect(address);
    if (connecting === null) return null;
    const { descriptor, pending } = connecting;
    if (pending) return new Connect(loop, sweep, address, descriptor, bounds).outcome;
    // There is room: of that no event need tell.
    const watch = loop.watch(descriptor, RECEIVES, NOBODY);
    return Later.of(connected(loop, watch, address, RECEIVES));
  };
  /** For who waits by a promise: what comes of it is the runtime's to go on with. */
  const settled = async (connecting: Later<DirectOutcome>): Promise<BackendConnection> => {
    const outcome = await connecting.then((outcome) => {
      loop.owesRuntime = true;
      return outcome;
    });
    if (outcome !== "timeout" && "connection" in outcome) return outcome.connection;
    throw outcome === "timeout" ? new Deno.errors.TimedOut() : outcome.error;
  };
  return {
    direct(address, bounds) {
      try {
        return begin(address, bounds);
      } catch (error) {
        // A full backlog: until there is room the runtime tries again.
        const isFull = address.transport === "unix" && error instanceof Deno.errors.WouldBlock;
        return isFull ? null : Later.of<DirectOutcome>({ error: told(error, address) });
      }
    },
    onRuntime: () => void (loop.owesRuntime = true),
    async tcp(hostname, port, cancel) {
      const address: Address = { transport: "tcp", hostname, port };
      try {
        const connecting = begin(address, { timeoutMs: Infinity, signal: cancel });
        return await (connecting === null
          ? connectTo(hostname, port, cancel)
          : settled(connecting));
      } catch (error) {
        throw told(error, address);
      }
    },
    unix: async (address) => {
      const { signal } = new AbortController();
      return await settled(begin(address, { timeoutMs: Infinity, signal })!);
    },
  };
}

function told(error: unknown, address: Address): unknown {
  return address.transport === "tcp" ? connectError(error, address.hostname) : error;
}

/** What has come of a connect that the system calls done, watched for `mask`; `seen`: what has happened there since. */
function connected(
  loop: Loop,
  watch: Watch,
  address: Address,
  mask: number,
  seen = 0,
): DirectOutcome {
  const { descriptor } = watch;
  if (address.transport === "unix" || !loop.sockets.isItself(descriptor, address)) {
    return { connection: new LoopConnection(loop, watch, mask, seen) };
  }
  watch.close();
  return { error: new NobodyButItself() };
}

/** A connect that was begun, until it is known what has come of it. */
class Connect implements Watcher, Ticking {
  readonly outcome = new Later<DirectOutcome>();
  readonly #loop: Loop;
  readonly #sweep: Sweep;
  readonly #address: Address;
  readonly #watch: Watch;
  readonly #signal: AbortSignal;
  readonly #deadlineMs: number;
  #isOver = false;

  /** Throws what the system says where it can't be waited for. */
  constructor(
    loop: Loop,
    sweep: Sweep,
    address: Address,
    descriptor: number,
    { timeoutMs, signal }: ConnectBounds,
  ) {
    this.#loop = loop;
    this.#sweep = sweep;
    this.#address = address;
    this.#signal = signal;
    this.#watch = loop.watch(descriptor, SENDS_TOO, this);
    this.#deadlineMs = sweep.nowMs() + timeoutMs;
    // The signal ends it, and frees its descriptor at once.
    signal.addEventListener("abort", this.#abort);
    sweep.add(this, tickFor([timeoutMs]));
    if (signal.aborted) this.#abort();
  }

  onEvent(mask: number): void {
    if ((mask & (EPOLLOUT | EPOLLERR | EPOLLHUP)) === 0) return;
    const error = (mask & (EPOLLERR | EPOLLHUP)) === 0
      ? null
      : this.#loop.sockets.errorOf(this.#watch.descriptor);
    if (error === null) {
      this.#settle(connected(this.#loop, this.#watch, this.#address, SENDS_TOO, mask));
    } else this.#settle({ error: told(error, this.#address) });
  }

  /** What the system had to tell in time has been told. */
  onTurn(): void {
    this.#settle("timeout");
  }

  onDefect(): void {
    this.#settle({ error: new Error("the connect met a defect") });
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.#watch.again();
  }

  readonly #abort = () => this.#settle({ error: this.#signal.reason });

  #settle(outcome: DirectOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal.removeEventListener("abort", this.#abort);
    this.#sweep.delete(this);
    if (outcome === "timeout" || "error" in outcome) this.#watch.close();
    this.outcome.tell(outcome);
  }
}

/**
 * Tunnels on their way to a worker. It gets them as they open, unless those before were brief: then the main thread's loop carries them at first, and hands over
 * those that last. What is opened, used once and closed is over by then, and a hand-over costs half as much as all the rest of it. That it isn't always so keeps memory: what
 * a tunnel takes here would be garbage once it is handed over.
 *
 * | a tunnel is | until |
 * |---|---|
 * | young | it has lasted {@linkcode BRIEF_MS} |
 * | due | it is at rest, with nothing under way that another machine would not know of, and a worker is there |
 * | carried | it has ended |
 *
 * @module
 */
import type { TunnelEnd } from "../../../tunnel/cause.ts";
import type { TunnelListener } from "../../../tunnel/tunnel_options.ts";
import type { RunningTunnel, TunnelHandle } from "../../door.ts";
import type { TunnelStart } from "../../opening.ts";
import { NEW, serverTunnel, type StreamTunnel, type WholeStanding } from "../../stream_tunnel.ts";
import { LONGEST_TICK_MS, type Sweep, type Ticking } from "../../sweep.ts";
import { endFallen } from "../../defect.ts";
import type { Loop } from "../loop.ts";
import type { LoopTransport } from "../loop_transport.ts";
import { type Brevity, BRIEF_MS } from "./brevity.ts";
import type { Thread } from "./thread.ts";
import type { Workers } from "./workers.ts";

/** A tunnel that is to begin, whose connections are both the loop's. */
export interface YoungStart extends Omit<TunnelStart, "connection"> {
  readonly client: LoopTransport;
  readonly backend: LoopTransport;
}

export interface YoungTunnels {
  begin(start: YoungStart): RunningTunnel;
  /** To be called once there is none. */
  close(): void;
}

export interface YoungOptions {
  /** The main thread's. */
  readonly loop: Loop;
  readonly workers: Workers;
  readonly createSweep: (tickMs: number) => Sweep;
  readonly brevity: Brevity;
  /** Told of what a tunnel has thrown, which ends. */
  readonly onDefect: (error: unknown) => void;
}

/** So many are handed over in one turn of the loop. */
const MOST_AT_ONCE = 64;

/** What all of them share. */
interface Nursery extends Pick<YoungOptions, "brevity"> {
  /** Ticks what is young so often that it is so for twice as long at most. */
  readonly sweep: Sweep;
  /** Ticks what is due as often as any tunnel: no worker may ever take it. */
  readonly dueSweep: Sweep;
  readonly due: Set<YoungTunnel>;
  /** Has the loop turn soon, where the due ones are looked at. */
  wake(): void;
}

export function createYoungTunnels(options: YoungOptions): YoungTunnels {
  const { loop, workers, createSweep, brevity } = options;
  const due = new Set<YoungTunnel>();
  let isWoken = false;
  const wake = () => {
    if (!isWoken) loop.wake();
    isWoken = true;
  };
  const sweep = createSweep(BRIEF_MS);
  const dueSweep = createSweep(LONGEST_TICK_MS);
  const nursery: Nursery = { due, wake, sweep, dueSweep, brevity };
  /** Has a worker carry it from the start; null: it isn't at rest, it is taken to be brief, or nobody is there to. */
  const carryAtOnce = (start: YoungStart): RunningTunnel | null => {
    const { client, settings, tickMs, backend, early: unread } = start;
    brevity.look(sweep.nowMs());
    if (brevity.isExpected || !client.isAtRest) return null;
    const worker = workers.choose();
    if (worker === null) return null;
    const carried = worker.carry({ client, backend, settings, tickMs, standing: NEW, unread });
    brevity.watch(carried, sweep.nowMs());
    return carried;
  };
  loop.behindEvents = () => {
    isWoken = false;
    if (due.size > 0 && handOver(due, options) && due.size > 0) wake();
  };
  return {
    begin: (start) => carryAtOnce(start) ?? new YoungTunnel(nursery, start).place,
    close() {
      sweep.close();
      dueSweep.close();
    },
  };
}

/** Hands over those that can be, of as many as are looked at in one turn; true: there were some. */
function handOver(due: Set<YoungTunnel>, { workers, onDefect }: YoungOptions): boolean {
  if (workers.choose() === null) return false;
  let left = Math.min(due.size, MOST_AT_ONCE);
  let isMoving = false;
  for (const young of due) {
    if (left-- === 0) break;
    try {
      const standing = young.standing();
      if (standing === null) {
        // Behind those that have yet to be looked at.
        due.delete(young);
        due.add(young);
        continue;
      }
      const worker = workers.choose();
      if (worker === null) break;
      young.handOver(standing, worker);
    } catch (error) {
      endFallen(young, error, onDefect);
    }
    isMoving = true;
  }
  return isMoving;
}

/** A tunnel's place with whoever opened it, wherever it is carried. */
class Place implements RunningTunnel {
  /** Who carries it. */
  carrier: RunningTunnel;

  constructor(carrier: RunningTunnel) {
    this.carrier = carrier;
  }

  get machine(): TunnelHandle {
    return this.carrier.machine;
  }

  get upResidue(): number {
    return this.carrier.upResidue;
  }

  get downResidue(): number {
    return this.carrier.downResidue;
  }

  onDefect(): void {
    this.carrier.onDefect?.();
  }
}

/** One that has not been handed over. */
class YoungTunnel implements Ticking, TunnelListener {
  readonly place: Place;
  readonly tunnel: StreamTunnel;
  readonly #nursery: Nursery;
  readonly #start: YoungStart;
  readonly #sinceMs: number;

  constructor(nursery: Nursery, start: YoungStart) {
    this.#nursery = nursery;
    this.#start = start;
    const { client, backend, settings, tickMs, early } = start;
    this.#sinceMs = nursery.sweep.nowMs();
    this.tunnel = serverTunnel(client, backend, { ...settings, listener: this }, early);
    this.place = new Place(this.tunnel);
    if (!this.tunnel.machine.released) nursery.sweep.add(this, tickMs);
  }

  tick(nowMs: number): void {
    const { due, wake } = this.#nursery;
    // By its own clock, which leaves out other moments.
    this.tunnel.tick(this.#start.settings.now());
    if (this.tunnel.machine.released) return;
    if (!due.has(this)) {
      if (nowMs - this.#sinceMs < BRIEF_MS) return;
      this.#becomeDue();
    }
    wake();
  }

  onDefect(): void {
    this.tunnel.onDefect();
  }

  /** Null: it is not at rest. */
  standing(): WholeStanding | null {
    const { client, backend } = this.#start;
    return client.isAtRest && backend.isAtRest ? this.tunnel.standing() : null;
  }

  handOver({ unread, ...standing }: WholeStanding, worker: Thread): void {
    const { client, backend, settings, tickMs } = this.#start;
    const carried = worker.carry({ client, backend, settings, tickMs, standing, unread });
    this.#leave();
    this.#nursery.brevity.note(false);
    this.place.carrier = carried;
  }

  tunnelOver(end: TunnelEnd): void {
    this.#start.settings.listener.tunnelOver(end);
  }

  tunnelReleased(): void {
    const { brevity, sweep } = this.#nursery;
    this.#leave();
    brevity.note(sweep.nowMs() - this.#sinceMs < BRIEF_MS);
    this.#start.settings.listener.tunnelReleased();
  }

  #becomeDue(): void {
    const { sweep, dueSweep, due } = this.#nursery;
    sweep.delete(this);
    dueSweep.add(this, this.#start.tickMs);
    due.add(this);
  }

  #leave(): void {
    const { sweep, dueSweep, due } = this.#nursery;
    (due.delete(this) ? dueSweep : sweep).delete(this);
  }
}

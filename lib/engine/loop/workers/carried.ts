/**
 * A tunnel that a worker carries, seen from the main thread: what is told of it comes from there, and what it is told goes there.
 *
 * @module
 */
import type { Cause, TunnelEnd } from "../../../tunnel/cause.ts";
import type { TunnelListener } from "../../../tunnel/tunnel_options.ts";
import type { FrameObserver } from "../../../websocket/frame.ts";
import type { RunningTunnel, TunnelHandle } from "../../door.ts";

/** What a carried tunnel asks of its worker. */
export interface Carrier {
  end(id: number, cause: Cause): void;
  cut(id: number): void;
  /** Has the worker tell how far its tunnels have come, where that is not known as of now. */
  refresh(): void;
}

/** What is told of a tunnel, to whoever opened it. */
export interface Told {
  readonly listener: TunnelListener;
  readonly onFrame: FrameObserver | null;
  readonly onFirstBytes: ((bytes: Uint8Array) => void) | null;
}

/** Of one that has not been told of. */
const NO_FLOW: readonly number[] = [0, 0, 0, 0, 0, 0];

/** A class, since an idle tunnel holds one. */
export class CarriedTunnel implements RunningTunnel, TunnelHandle {
  released = false;
  readonly told: Told;
  readonly #carrier: Carrier;
  readonly #id: number;
  #isOver = false;
  /** As it was told of last. */
  #flow: readonly number[] = NO_FLOW;

  constructor(carrier: Carrier, id: number, told: Told) {
    this.#carrier = carrier;
    this.#id = id;
    this.told = told;
  }

  get machine(): TunnelHandle {
    return this;
  }

  get upBytes(): number {
    return this.#known(0);
  }

  get downBytes(): number {
    return this.#known(1);
  }

  get upWaits(): boolean {
    return this.#known(2) === 1;
  }

  get downWaits(): boolean {
    return this.#known(3) === 1;
  }

  get upResidue(): number {
    return this.#known(4);
  }

  get downResidue(): number {
    return this.#known(5);
  }

  end(cause: Cause): void {
    if (!this.released) this.#carrier.end(this.#id, cause);
  }

  cut(): void {
    if (!this.released) this.#carrier.cut(this.#id);
  }

  /** How far it has come, as its worker tells it. */
  flow(numbers: readonly number[]): void {
    this.#flow = numbers;
  }

  over(ended: TunnelEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.told.listener.tunnelOver(ended);
  }

  release(): void {
    this.released = true;
    this.told.listener.tunnelReleased();
  }

  /** A number of its flow, as of now. */
  #known(at: number): number {
    if (!this.#isOver) this.#carrier.refresh();
    return this.#flow[at]!;
  }
}

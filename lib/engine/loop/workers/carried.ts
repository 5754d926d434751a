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

/** A class, since an idle tunnel holds one. */
export class CarriedTunnel implements RunningTunnel, TunnelHandle {
  released = false;
  readonly told: Told;
  readonly #carrier: Carrier;
  readonly #id: number;
  #isOver = false;
  #upBytes = 0;
  #downBytes = 0;
  #upWaits = false;
  #downWaits = false;
  #upResidue = 0;
  #downResidue = 0;

  constructor(carrier: Carrier, id: number, told: Told) {
    this.#carrier = carrier;
    this.#id = id;
    this.told = told;
  }

  get machine(): TunnelHandle {
    return this;
  }

  get upBytes(): number {
    this.#refresh();
    return this.#upBytes;
  }

  get downBytes(): number {
    this.#refresh();
    return this.#downBytes;
  }

  get upWaits(): boolean {
    this.#refresh();
    return this.#upWaits;
  }

  get downWaits(): boolean {
    this.#refresh();
    return this.#downWaits;
  }

  get upResidue(): number {
    this.#refresh();
    return this.#upResidue;
  }

  get downResidue(): number {
    this.#refresh();
    return this.#downResidue;
  }

  end(cause: Cause): void {
    if (!this.released) this.#carrier.end(this.#id, cause);
  }

  cut(): void {
    if (!this.released) this.#carrier.cut(this.#id);
  }

  /** How far it has come. */
  flow(numbers: readonly number[]): void {
    const [up, down, upWaits, downWaits, upResidue, downResidue] = numbers;
    this.#upBytes = up!;
    this.#downBytes = down!;
    this.#upWaits = upWaits === 1;
    this.#downWaits = downWaits === 1;
    this.#upResidue = upResidue!;
    this.#downResidue = downResidue!;
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

  #refresh(): void {
    if (!this.#isOver) this.#carrier.refresh();
  }
}

/**
 * Where an answer goes that is sent piece by piece: the connection of whoever asked, as long as it takes something.
 *
 * @module
 */
import type { DrivenTransport } from "../driven_transport.ts";
import type { Outlet } from "./sending.ts";

type Sent = Awaited<ReturnType<Outlet["send"]>>;

export class Delivery implements Outlet {
  readonly #transport: DrivenTransport;
  readonly #nowMs: () => number;
  readonly #patienceMs: number;
  readonly #closes: () => boolean;
  #end: "left" | "stalled" | null = null;
  #settle: ((sent: Sent) => void) | null = null;
  /** What was out when something was last taken, and when that was. */
  #takenBytes = 0;
  #takenMs = 0;

  /** `patienceMs`: how long the client may take nothing, by the clock that is handed in; `closes`: whether the connection ends behind it. */
  constructor(
    transport: DrivenTransport,
    nowMs: () => number,
    patienceMs: number,
    closes: () => boolean,
  ) {
    this.#transport = transport;
    this.#nowMs = nowMs;
    this.#patienceMs = patienceMs;
    this.#closes = closes;
  }

  get closes(): boolean {
    return this.#closes();
  }

  send(bytes: Uint8Array<ArrayBuffer>): Promise<Sent> {
    if (this.#end !== null) return Promise.resolve(this.#end);
    this.#takenMs = this.#nowMs();
    this.#takenBytes = this.#transport.sent;
    return new Promise((resolve) => {
      this.#settle = resolve;
      // What was sent last is out, and a connection that can't send any more is closed.
      this.#transport.send(bytes, 0, bytes.length);
      if (!this.#transport.busy) this.taken();
    });
  }

  /** What was sent is out. */
  taken(): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.("out");
  }

  /** The connection is closed. */
  cutOff(): void {
    this.#end ??= "left";
    const settle = this.#settle;
    this.#settle = null;
    settle?.(this.#end);
  }

  /** Gives up on a client that has taken nothing for too long; whoever sends closes its connection then. */
  tick(nowMs: number): void {
    if (this.#settle === null) return;
    const { sent } = this.#transport;
    if (sent > this.#takenBytes) {
      this.#takenBytes = sent;
      this.#takenMs = nowMs;
    } else if (nowMs - this.#takenMs >= this.#patienceMs) {
      this.#end = "stalled";
      this.cutOff();
    }
  }
}

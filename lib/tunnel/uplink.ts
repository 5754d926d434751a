/**
 * What a client has sent on its way to the backend: what that one doesn't take is held here, and a client that is ahead by too much is not
 * read on meanwhile.
 *
 * @module
 */
import { drop, type Outbox, sendBehind } from "../base/outbox.ts";
import type { Transport } from "../base/transport.ts";
import type { ClientEnd } from "../websocket/client_end.ts";
import { Heartbeat } from "./heartbeat.ts";
import { HIGH_WATER_BYTES, type TunnelOptions } from "./tunnel_options.ts";

export class Uplink {
  /** Counts up with what comes from the client. */
  steps = 0;
  readonly #backend: Transport;
  readonly #options: TunnelOptions;
  /** What the backend has not taken yet. */
  #waiting: Outbox | null = null;
  /** Of a client that is not read on, since its backend takes nothing; null of any other. */
  #heartbeat: Heartbeat | null = null;

  /** What the backend had taken at the last look, and when it last took some. */
  #sentSeen = 0;
  #sentSeenMs = 0;

  constructor(backend: Transport, options: TunnelOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  /** The backend has yet to take some of it. */
  get waits(): boolean {
    return this.#waiting !== null || this.#backend.busy;
  }

  /** Bytes that are held until the backend takes them. */
  get held(): number {
    return this.#waiting?.size ?? 0;
  }

  /** The client is not read on. */
  get holdsClient(): boolean {
    return this.#heartbeat !== null;
  }

  pass(client: ClientEnd, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (start === end) return;
    this.steps++;
    this.#waiting = sendBehind(this.#waiting, this.#backend, bytes, start, end);
    const most = this.#options.highWaterBytes ?? HIGH_WATER_BYTES;
    if (this.held <= most || this.#heartbeat !== null) return;
    this.#heartbeat = new Heartbeat(this.#options.now());
    client.pauseReading();
  }

  /** Sends on what is held; false: there is no room for all of it. */
  flush(): boolean {
    if (this.#waiting?.flush() === false) return false;
    this.#waiting = null;
    return true;
  }

  /** Throws away what is held. */
  drop(): void {
    this.#waiting = drop(this.#waiting);
  }

  resume(client: ClientEnd): void {
    if (this.#heartbeat === null) return;
    this.#heartbeat = null;
    client.resumeReading();
  }

  /** Sees whether the backend has taken some; to be called every now and then. */
  look(nowMs: number): void {
    const { sent } = this.#backend;
    if (sent === this.#sentSeen) return;
    this.#sentSeen = sent;
    this.#sentSeenMs = Math.floor(nowMs);
  }

  /** Whether the backend has taken some since the last look, or was seen to have behind a time. */
  hasMoved(sinceMs: number): boolean {
    const { sent } = this.#backend;
    return sent !== this.#sentSeen || (sent > 0 && this.#sentSeenMs > sinceMs);
  }

  /** Looks after a client that is not read on; to be called every now and then. */
  beat(client: ClientEnd, nowMs: number): void {
    this.#heartbeat?.beat(client, nowMs);
  }
}

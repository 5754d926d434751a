/**
 * Looks after a client that nothing is received from, since its backend takes nothing: whether it is still there.
 *
 * @module
 */
import type { ClientEnd } from "../websocket/client_end.ts";
import { HEARTBEAT_MS } from "./waits.ts";

export class Heartbeat {
  #pongDueMs: number;

  constructor(nowMs: number) {
    this.#pongDueMs = nowMs + HEARTBEAT_MS;
  }

  /** Asks the system, and every now and then sends a Pong. */
  beat(client: ClientEnd, nowMs: number): void {
    if (nowMs < this.#pongDueMs) return client.probe("quietly");
    this.#pongDueMs = nowMs + HEARTBEAT_MS;
    client.probe("pong");
  }
}

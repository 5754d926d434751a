/**
 * A tunnel's machine as the listener of its backend's transport.
 *
 * @module
 */
import type { StreamEnd } from "../base/transport.ts";
import type { Tunnel } from "../tunnel/tunnel.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";
import type { TransportListener } from "./driven_transport.ts";

export class BackendSide implements TransportListener {
  readonly #machine: Tunnel;

  constructor(machine: Tunnel) {
    this.#machine = machine;
  }

  receiveAt(length: number): number {
    return this.#machine.receiveAt(length);
  }

  received(wide: WideBytes, from: number, to: number): void {
    this.#machine.backendBytes(wide, from, to);
  }

  ended(how: StreamEnd): void {
    this.#machine.backendEnded(how);
  }

  writable(): void {
    this.#machine.backendWritable();
  }

  sendFailed(how: StreamEnd): void {
    this.#machine.backendRefused(how);
  }
}

/**
 * What a tunnel that goes on is watched for: a client that has vanished, a backend that is silent or takes nothing.
 *
 * @module
 */
import { createKeepalive, type Keepalive, lookAtKeepalive } from "./keepalive.ts";
import { StallMeter } from "./stall.ts";
import type { ClientEnd } from "../websocket/client_end.ts";

/** In milliseconds; 0: not watched. */
export interface WatchdogTimes {
  readonly pingIntervalMs: number;
  /** A backend silent, or taking no byte, for so long ends the tunnel. */
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** How a tunnel stands at a look. */
export interface TunnelSigns {
  readonly client: ClientEnd;
  /** Whether the client may still say something, and whether that would be heard. */
  readonly isClientOpen: boolean;
  readonly isClientHeard: boolean;
  /** Bytes that the backend has taken, and whether there are more for it. */
  readonly sent: number;
  readonly upWaits: boolean;
  /** Counts up with what the backend sends. */
  readonly downSteps: number;
}

/** What is due: nothing, a Ping, or the end. */
export type Due = "nothing" | "ping" | "client-silent" | "backend-stalled" | "backend-idle";

export class Watchdog {
  readonly #times: WatchdogTimes;
  readonly #keepalive: Keepalive | null;
  readonly #writeStall = new StallMeter();
  readonly #readStall = new StallMeter();
  #takeCount = 0;
  /** What had been sent to a client that was behind at the last look; -1: it was not. */
  #heldAt = -1;

  constructor(times: WatchdogTimes, nowMs: number) {
    this.#times = times;
    const { pingIntervalMs } = times;
    this.#keepalive = pingIntervalMs > 0 ? createKeepalive(pingIntervalMs, nowMs) : null;
  }

  look(signs: TunnelSigns, nowMs: number): Due {
    const { readTimeoutMs, writeTimeoutMs } = this.#times;
    const { client, sent, downSteps } = signs;
    const stalledMs = this.#writeStall.look(signs.upWaits, sent, nowMs);
    if (writeTimeoutMs > 0 && stalledMs >= writeTimeoutMs) return "backend-stalled";
    const silentMs = this.#readStall.look(client.drained, downSteps, nowMs);
    if (readTimeoutMs > 0 && silentMs >= readTimeoutMs) return "backend-idle";
    // One that has closed, and waits for the rest of the answer, owes no Pong.
    if (this.#keepalive === null || client.ping === null || !signs.isClientOpen) return "nothing";
    const due = lookAtKeepalive(this.#keepalive, {
      heard: client.heard + this.#takes(client),
      audible: signs.isClientHeard,
      unreadBytes: client.unreadBytes,
      isUnreachable: (forMs) => client.isUnreachable(forMs),
    }, nowMs);
    return due === "silent" ? "client-silent" : due;
  }

  /**
   * How often, from look to look, a client that was behind has taken bytes: a full connection that has room again shows that it
   * lives, while its Pong waits behind megabytes that it has yet to read. What fits at once shows nothing.
   */
  #takes({ sent, drained }: ClientEnd): number {
    if (this.#heldAt >= 0 && sent !== this.#heldAt) this.#takeCount++;
    this.#heldAt = drained ? -1 : sent;
    return this.#takeCount;
  }
}

/** A watchdog, or null where there is nothing to watch. */
export function createWatchdog(times: WatchdogTimes, nowMs: number): Watchdog | null {
  const isIdle = times.pingIntervalMs + times.readTimeoutMs + times.writeTimeoutMs === 0;
  return isIdle ? null : new Watchdog(times, nowMs);
}

/**
 * What a tunnel that goes on is watched for: a client that has vanished, a backend that is silent or takes nothing, and that it is idle or
 * has lasted as long as it may.
 *
 * @module
 */
import { createKeepalive, type Keepalive, lookAtKeepalive } from "./keepalive.ts";
import { StallMeter } from "./stall.ts";
import type { Transport } from "../base/transport.ts";
import type { ClientEnd } from "../websocket/client_end.ts";

/** In milliseconds; 0: not watched. */
export interface WatchdogTimes {
  readonly pingIntervalMs: number;
  /** A backend silent, or taking no byte, for so long ends the tunnel. */
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Without a byte either way for so long it ends; Pings and Pongs are none. */
  readonly idleTimeoutMs: number;
  /** It ends then, whatever it does. */
  readonly maxLifetimeMs: number;
}

/** How a tunnel stands at a look. */
export interface TunnelSigns {
  readonly client: ClientEnd;
  /** Whether the client may still say something, and whether that would be heard. */
  readonly isClientOpen: boolean;
  readonly isClientHeard: boolean;
  readonly backend: Transport;
  /** There is more for it than it has taken. */
  readonly upWaits: boolean;
  /** Count up with what the client sends, and with what the backend does. */
  readonly upSteps: number;
  readonly downSteps: number;
}

/** What another watchdog goes on with, of a tunnel in which nothing waits: in milliseconds, for how long it has been open, the backend silent, it idle, and no Ping sent. */
export interface WatchStanding {
  readonly openMs: number;
  readonly silentMs: number;
  readonly idleMs: number;
  readonly unpingedMs: number;
}

/** Of a tunnel that has just opened, or isn't watched. */
export const UNWATCHED: WatchStanding = { openMs: 0, silentMs: 0, idleMs: 0, unpingedMs: 0 };

/** What is due: nothing, a Ping, or the end. */
export type Due =
  | "nothing"
  | "ping"
  | "client-silent"
  | "backend-stalled"
  | "backend-idle"
  | "tunnel-idle"
  | "tunnel-expired";

export class Watchdog {
  readonly #times: WatchdogTimes;
  readonly #keepalive: Keepalive | null;
  readonly #writeStall = new StallMeter();
  readonly #readStall = new StallMeter();
  readonly #idle = new StallMeter();
  #sinceMs: number;
  #takeCount = 0;
  /** How far a client was that was behind at the last look; -1: it was not. */
  #heldAt = -1;

  constructor(times: WatchdogTimes, nowMs: number) {
    this.#times = times;
    this.#sinceMs = nowMs;
    const { pingIntervalMs } = times;
    this.#keepalive = pingIntervalMs > 0 ? createKeepalive(pingIntervalMs, nowMs) : null;
  }

  /** The client has yet to answer a Ping. */
  get awaitsPong(): boolean {
    return this.#keepalive !== null && this.#keepalive.unansweredSinceMs !== null;
  }

  /** For another to go on with. */
  standing(signs: TunnelSigns, nowMs: number): WatchStanding {
    const { client, backend, downSteps } = signs;
    return {
      openMs: nowMs - this.#sinceMs,
      silentMs: this.#readStall.look(client.drained, downSteps, nowMs),
      idleMs: this.#idleFor(signs, backend.sent, nowMs),
      unpingedMs: nowMs - (this.#keepalive?.pingedAtMs ?? nowMs),
    };
  }

  /** Goes on for another, before anything is told of either side; the backend has been `sent` so many bytes. */
  goOn(standing: WatchStanding, sent: number, nowMs: number): void {
    const { openMs, silentMs, idleMs, unpingedMs } = standing;
    this.#sinceMs = nowMs - openMs;
    this.#readStall.goOn(0, nowMs - silentMs);
    this.#idle.goOn(sent, nowMs - idleMs);
    if (this.#keepalive !== null) this.#keepalive.pingedAtMs = nowMs - unpingedMs;
  }

  look(signs: TunnelSigns, nowMs: number): Due {
    const { readTimeoutMs, writeTimeoutMs, idleTimeoutMs, maxLifetimeMs } = this.#times;
    const { client, backend, downSteps } = signs;
    if (maxLifetimeMs > 0 && nowMs - this.#sinceMs >= maxLifetimeMs) return "tunnel-expired";
    // A slow one makes room with our system only once in megabytes.
    const asks = signs.upWaits && writeTimeoutMs + idleTimeoutMs > 0;
    const sent = asks ? backend.sent + backend.arrived() : backend.sent;
    const stalledMs = this.#writeStall.look(signs.upWaits, sent, nowMs);
    if (writeTimeoutMs > 0 && stalledMs >= writeTimeoutMs) return "backend-stalled";
    const silentMs = this.#readStall.look(client.drained, downSteps, nowMs);
    if (readTimeoutMs > 0 && silentMs >= readTimeoutMs) return "backend-idle";
    const idleMs = this.#idleFor(signs, sent, nowMs);
    if (idleTimeoutMs > 0 && idleMs >= idleTimeoutMs) return "tunnel-idle";
    // One that has closed, and waits for the rest of the answer, owes no Pong.
    if (this.#keepalive === null || !client.pings || !signs.isClientOpen) return "nothing";
    const due = lookAtKeepalive(this.#keepalive, {
      heard: client.heard + this.#takeCount,
      audible: signs.isClientHeard,
      unreadBytes: client.unreadBytes,
      handed: client.handed,
      askPeer: () => client.askPeer(),
    }, nowMs);
    return due === "silent" ? "client-silent" : due;
  }

  #idleFor({ client, upSteps, downSteps }: TunnelSigns, sent: number, nowMs: number): number {
    this.#countTakes(client, this.#times.idleTimeoutMs > 0);
    return this.#idle.look(true, upSteps + downSteps + sent + this.#takeCount, nowMs);
  }

  /**
   * Counts how often, from look to look, a client that was behind has taken bytes: a full connection that has room again shows that it
   * lives, while its Pong waits behind megabytes that it has yet to read. What fits at once shows nothing. `asks`: also what its system takes of what
   * is with ours counts.
   */
  #countTakes(client: ClientEnd, asks: boolean): void {
    const { drained } = client;
    const wasHeld = this.#heldAt !== -1;
    if (drained && !wasHeld) return;
    const steps = asks ? client.sent + client.arrived() : client.sent;
    if (wasHeld && steps !== this.#heldAt) this.#takeCount++;
    this.#heldAt = drained ? -1 : steps;
  }
}

/** A watchdog, or null where there is nothing to watch. */
export function createWatchdog(times: WatchdogTimes, nowMs: number): Watchdog | null {
  const { pingIntervalMs, readTimeoutMs, writeTimeoutMs, idleTimeoutMs, maxLifetimeMs } = times;
  const sumMs = pingIntervalMs + readTimeoutMs + writeTimeoutMs + idleTimeoutMs + maxLifetimeMs;
  return sumMs === 0 ? null : new Watchdog(times, nowMs);
}

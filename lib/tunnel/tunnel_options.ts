/**
 * What a tunnel is made with, or goes on with, and whom it tells of its end.
 *
 * @module
 */
import type { TunnelEnd } from "./cause.ts";
import type { Encoding } from "./encoder.ts";
import type { WatchdogTimes, WatchStanding } from "./watchdog.ts";

/** What the client may be ahead of its backend in our memory: it is read on so far, to see its Pings, its Close or its loss. */
export const HIGH_WATER_BYTES = 64 * 1024;

export interface TunnelOptions extends WatchdogTimes {
  readonly encoding: Encoding;
  readonly tcpFinPropagate: boolean;
  /** @default {HIGH_WATER_BYTES} */
  readonly highWaterBytes?: number;
  /** How long the backend may be silent once its input has ended, since it may still be using it. */
  readonly backendLingerMs: number;
  /** How long the backend may take none of the client's last bytes. @default {LAST_BYTES_MS} */
  readonly lastBytesMs?: number;
  /**
   * Whether the client is heard out behind the backend's end of stream: it is told that by our Close, and what it sends until its own is passed on.
   * @default {false}
   */
  readonly hearsOut?: boolean;
  /** Sees the first bytes that come from the backend. */
  readonly onFirstBytes?: ((bytes: Uint8Array) => void) | null;
  /** The time on any one clock, asked when a state changes, never for bytes that pass. */
  readonly now: () => number;
  readonly listener: TunnelListener;
}

/** What another machine goes on with in the place of one that only passes bytes on. */
export interface TunnelStanding extends WatchStanding {
  readonly downBytes: number;
  /** Whether anything has come from the backend. */
  readonly isAnswered: boolean;
}

/** Who is told of a tunnel's end. */
export interface TunnelListener {
  /** Both sides are through, or as good as. */
  tunnelOver(end: TunnelEnd): void;
  /** Both connections are closed, too: nothing more happens. */
  tunnelReleased(): void;
}

/**
 * When to ping, and when a silent client is given up: decisions over a clock that is handed in.
 *
 * @module
 */

/** What is remembered between two looks. Times in milliseconds on any one clock. */
export interface Keepalive {
  readonly intervalMs: number;
  /** How much was heard of the client at the last look. */
  heard: number;
  pingedAtMs: number;
  /** When the first Ping went out since the client was last heard; null: it owes nothing. */
  unansweredSinceMs: number | null;
}

export function createKeepalive(intervalMs: number, nowMs: number): Keepalive {
  return { intervalMs, heard: 0, pingedAtMs: nowMs, unansweredSinceMs: null };
}

/**
 * Says what is due: a Ping whenever the interval has passed, or the end of a client that was silent for two intervals
 * after a Ping. Any byte from the client is life, since a busy one may have its Pong stuck behind megabytes; where those
 * wait unread, it is not `audible` and owes nothing.
 */
export function lookAtKeepalive(
  state: Keepalive,
  heard: number,
  audible: boolean,
  nowMs: number,
): "nothing" | "ping" | "silent" {
  if (heard !== state.heard || !audible) {
    state.heard = heard;
    state.unansweredSinceMs = null;
  }
  const { unansweredSinceMs, intervalMs } = state;
  if (unansweredSinceMs !== null && nowMs - unansweredSinceMs >= 2 * intervalMs) return "silent";
  if (nowMs - state.pingedAtMs < intervalMs) return "nothing";
  state.pingedAtMs = nowMs;
  state.unansweredSinceMs ??= nowMs;
  return "ping";
}

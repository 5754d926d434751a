/**
 * When to ping, and when a silent client is given up: decisions over a clock and signs that are handed in.
 *
 * A Ping stands behind all that was sent before it, and megabytes of that lie in the buffers of two systems, and of a reverse
 * proxy between them: a client that reads them at its own pace lives, though it says nothing until it has come to the Ping. Nobody can be
 * asked how far it is; but what it may have to read is known, since the Pong to a Ping says that all before that one has been read.
 * So it has the time for it that the slowest one would take. A client that reads
 * {@linkcode SLOWEST_BYTES_PER_SECOND} is never called silent: when it last gave a sign of life at most `unreadBytes` stood
 * before the next Ping. One that has vanished is found after two intervals where its system is seen to acknowledge nothing of what
 * is sent to it, and in any case within two intervals and {@linkcode MOST_UNREAD_BYTES} at that pace.
 *
 * @module
 */

/** The slowest reader that is waited for. */
export const SLOWEST_BYTES_PER_SECOND = 20_000;

/** As much as two systems hold between them: 4 MiB to be sent, as Linux has it, and 6 MiB received. More is waited for as that. */
export const MOST_UNREAD_BYTES = 10 * 1024 * 1024;

/** What is remembered between two looks. Times in milliseconds on any one clock. */
export interface Keepalive {
  readonly intervalMs: number;
  /** How much was heard of the client at the last look. */
  heard: number;
  pingedAtMs: number;
  /** When the first Ping went out since the client was last heard; null: it owes nothing. */
  unansweredSinceMs: number | null;
}

/** What is known of a client at a look. */
export interface ClientSigns {
  /** Counts up with each sign of life. */
  readonly heard: number;
  /** Whether it could be heard. */
  readonly audible: boolean;
  /** The most that it may have to read before it comes to a Ping that it has not answered. */
  readonly unreadBytes: number;
  /** Whether its system has acknowledged nothing for so long, though something was sent to it. */
  isUnreachable(forMs: number): boolean;
}

export function createKeepalive(intervalMs: number, nowMs: number): Keepalive {
  return { intervalMs, heard: 0, pingedAtMs: nowMs, unansweredSinceMs: null };
}

/**
 * Says what is due: a Ping whenever the interval has passed, or the end of a client that was silent for two intervals
 * after a Ping, and for the time that it may have needed to come to it. Any byte from the client is life, since a busy one may have its
 * Pong stuck behind megabytes; where those wait unread, it is not audible and owes nothing.
 */
export function lookAtKeepalive(
  state: Keepalive,
  signs: ClientSigns,
  nowMs: number,
): "nothing" | "ping" | "silent" {
  if (signs.heard !== state.heard || !signs.audible) {
    state.heard = signs.heard;
    state.unansweredSinceMs = null;
  }
  const { unansweredSinceMs, intervalMs } = state;
  if (unansweredSinceMs !== null && isSilent(nowMs - unansweredSinceMs, 2 * intervalMs, signs)) {
    return "silent";
  }
  if (nowMs - state.pingedAtMs < intervalMs) return "nothing";
  state.pingedAtMs = nowMs;
  state.unansweredSinceMs ??= nowMs;
  return "ping";
}

function isSilent(silentMs: number, patienceMs: number, signs: ClientSigns): boolean {
  if (silentMs < patienceMs) return false;
  const unreadBytes = Math.min(signs.unreadBytes, MOST_UNREAD_BYTES);
  const readingMs = unreadBytes / SLOWEST_BYTES_PER_SECOND * 1000;
  return silentMs >= patienceMs + readingMs || signs.isUnreachable(patienceMs);
}

/**
 * When to ping, and when a silent client is given up: decisions over a clock and signs that are handed in.
 *
 * A Ping stands behind all that was sent before it, and megabytes of that lie in the buffers of two systems, and of a reverse
 * proxy between them: a client that reads them at its own pace lives, though it says nothing until it has come to the Ping. So a client owes
 * nothing for two intervals after a Ping; what is said of it then depends on where the Ping is, which our system knows of TCP:
 *
 * | the Ping | the client |
 * |---|---|
 * | is not with its system, which answers: it has no room, or more of what stands before it arrives | owes nothing |
 * | is not with its system, which can't be reached | is silent |
 * | is with its system | has the time to read what stands before it, and all of that anew whenever its system gets more room |
 * | may be anywhere, as nothing can be asked | has the time to read what stands before it |
 *
 * How much that is isn't known, but what it may be at most is, since the Pong to a Ping says that all before that one has been read. The time
 * for it is what the slowest reader would take: one that reads {@linkcode SLOWEST_BYTES_PER_SECOND} is never called silent, and
 * where the system can be asked one is that reads much less.
 *
 * @module
 */
import type { PeerStatus } from "../base/transport.ts";

/** The slowest reader that is waited for. */
export const SLOWEST_BYTES_PER_SECOND = 20_000;

/** As much as two systems hold between them: 4 MiB to be sent, as Linux has it, and 6 MiB received. More is waited for as that. */
export const MOST_UNREAD_BYTES = 10 * 1024 * 1024;

/** So often in a row a peer's system leaves ours without an answer when it can't be reached: for a second and more. */
const UNREACHABLE_TRIES = 3;

/**
 * Who reads makes room for so much more at least. What is acknowledged without being read may make room, too, for as much as a system rounds it to: some hundred bytes.
 */
const READ_BYTES = 8 * 1024;

/** What is remembered between two looks. Times in milliseconds on any one clock. */
export interface Keepalive {
  readonly intervalMs: number;
  /** How much was heard of the client at the last look. */
  heard: number;
  pingedAtMs: number;
  /** When the first Ping went out since the client was last heard, or since when it may be read at the latest; null: it owes nothing. */
  unansweredSinceMs: number | null;
  /** What the client had been handed before that Ping. */
  handedBefore: number;
  /** The least room that its system was seen to have since. */
  leastRoomBytes: number;
}

/** What is known of a client at a look. */
export interface ClientSigns {
  /** Counts up with each sign of life. */
  readonly heard: number;
  /** Whether it could be heard. */
  readonly audible: boolean;
  /** The most that it may have to read before it comes to a Ping that it has not answered. */
  readonly unreadBytes: number;
  /** All that was sent to it, or waits to be. */
  readonly handed: number;
  /** How its system stands to ours; null where that isn't known. */
  askPeer(): PeerStatus | null;
}

export function createKeepalive(intervalMs: number, nowMs: number): Keepalive {
  return {
    intervalMs,
    heard: 0,
    pingedAtMs: nowMs,
    unansweredSinceMs: null,
    handedBefore: 0,
    leastRoomBytes: Infinity,
  };
}

/**
 * Says what is due: a Ping whenever the interval has passed, or the end of a client that is silent. Any byte from the client is life, since a busy
 * one may have its Pong stuck behind megabytes; where those wait unread, it is not audible and owes nothing.
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
  if (state.unansweredSinceMs !== null && isSilent(state, state.unansweredSinceMs, signs, nowMs)) {
    return "silent";
  }
  if (nowMs - state.pingedAtMs < state.intervalMs) return "nothing";
  state.pingedAtMs = nowMs;
  if (state.unansweredSinceMs === null) {
    state.unansweredSinceMs = nowMs;
    state.handedBefore = signs.handed;
    state.leastRoomBytes = Infinity;
  }
  return "ping";
}

/** Whether a peer's system has acknowledged nothing for so long, though ours has tried again and again. */
export function isUnreachable({ unanswered, sinceAckMs }: PeerStatus, forMs: number): boolean {
  return unanswered >= UNREACHABLE_TRIES && sinceAckMs >= forMs;
}

function isSilent(state: Keepalive, sinceMs: number, signs: ClientSigns, nowMs: number): boolean {
  const patienceMs = 2 * state.intervalMs;
  if (nowMs - sinceMs < patienceMs) return false;
  const peer = signs.askPeer();
  if (peer !== null) {
    if (isUnreachable(peer, patienceMs)) return true;
    if (isOnItsWay(peer, state.handedBefore, patienceMs) || hasRead(state, peer)) {
      // From here on it has the time to read.
      state.unansweredSinceMs = nowMs - patienceMs;
      return false;
    }
  }
  const unreadBytes = Math.min(signs.unreadBytes, MOST_UNREAD_BYTES);
  return nowMs - sinceMs >= patienceMs + unreadBytes / SLOWEST_BYTES_PER_SECOND * 1000;
}

/**
 * Whether a Ping behind so many bytes has yet to come to a system that answers: it is asked every now and then, up to two minutes apart, whether it has room; and what is on its way is
 * acknowledged at once.
 */
function isOnItsWay(peer: PeerStatus, handedBefore: number, patienceMs: number): boolean {
  if (peer.arrivedBytes > handedBefore) return false;
  return peer.inFlight ? peer.sinceAckMs < patienceMs : peer.unanswered < UNREACHABLE_TRIES;
}

/** Whether its system has more room than it had: each Ping brings the news. */
function hasRead(state: Keepalive, { roomBytes }: PeerStatus): boolean {
  if (roomBytes === null) return false;
  const isMore = roomBytes >= state.leastRoomBytes + READ_BYTES;
  state.leastRoomBytes = isMore ? roomBytes : Math.min(state.leastRoomBytes, roomBytes);
  return isMore;
}

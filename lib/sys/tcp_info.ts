/**
 * What the system tells of a TCP connection: `struct tcp_info` of <linux/tcp.h>, by whichever way it comes.
 *
 * @module
 */

/** States of tcp(7), as the kernel numbers them. */
export const TcpState = { ESTABLISHED: 1, CLOSE_WAIT: 8, LISTEN: 10 } as const;

export interface TcpInfo {
  readonly state: number;
  /** On their way and not acknowledged. None while bytes are queued: the peer's system has no room for more. */
  readonly segmentsInFlight: number;
  /** How often in a row the same bytes were sent again, or the peer was asked whether it has room, without any answer. */
  readonly unanswered: number;
  /** How long ago the peer's system last acknowledged anything, also that it has no room. */
  readonly sinceAckMs: number;
}

/** As far as it is read; so far it has been the same since Linux 2.6. */
export const TCP_INFO_BYTES = 60;

/** So often in a row a peer's system leaves ours without an answer when it can't be reached: for a second and more. */
const UNREACHABLE_TRIES = 3;

/** Every system that Deno runs on has its numbers this way round. */
const LITTLE = true;

/** Reads one of `length` bytes that begins at `at`; null where that is too short. */
export function decodeTcpInfo(bytes: DataView, at: number, length: number): TcpInfo | null {
  if (length < TCP_INFO_BYTES) return null;
  return {
    state: bytes.getUint8(at),
    segmentsInFlight: bytes.getUint32(at + 24, LITTLE),
    unanswered: bytes.getUint8(at + 2) + bytes.getUint8(at + 3),
    sinceAckMs: bytes.getUint32(at + 56, LITTLE),
  };
}

/** Whether the peer's system has acknowledged nothing for so long, though ours has tried again and again. */
export function isUnreachable(
  { unanswered, sinceAckMs }: Pick<TcpInfo, "unanswered" | "sinceAckMs">,
  forMs: number,
): boolean {
  return unanswered >= UNREACHABLE_TRIES && sinceAckMs >= forMs;
}

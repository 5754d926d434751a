/**
 * What the system tells of a TCP connection: `struct tcp_info` of <linux/tcp.h>, by whichever way it comes.
 *
 * @module
 */
import type { PeerStatus } from "../base/transport.ts";

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
  /** For how many more bytes it has room, as it last said; null: Linux tells since 5.4. */
  readonly roomBytes: number | null;
}

/** As far as it is read; none is shorter than what there has been since Linux 2.6. */
export const TCP_INFO_BYTES = 232;
const LEAST_BYTES = 60;

/** Every system that Deno runs on has its numbers this way round. */
const LITTLE = true;

/** Reads one of `length` bytes that begins at `at`; null where that is too short. */
export function decodeTcpInfo(bytes: DataView, at: number, length: number): TcpInfo | null {
  if (length < LEAST_BYTES) return null;
  return {
    state: bytes.getUint8(at),
    segmentsInFlight: bytes.getUint32(at + 24, LITTLE),
    unanswered: bytes.getUint8(at + 2) + bytes.getUint8(at + 3),
    sinceAckMs: bytes.getUint32(at + 56, LITTLE),
    roomBytes: length < TCP_INFO_BYTES ? null : bytes.getUint32(at + 228, LITTLE),
  };
}

/** The same as a transport tells it, of which so many bytes are out and so many of them not acknowledged. */
export function toPeerStatus(info: TcpInfo, sent: number, queuedBytes: number): PeerStatus {
  const { segmentsInFlight, unanswered, sinceAckMs, roomBytes } = info;
  const inFlight = segmentsInFlight > 0;
  return { arrivedBytes: sent - queuedBytes, roomBytes, inFlight, unanswered, sinceAckMs };
}

/**
 * Close codes, RFC 6455 section 7.4 and the IANA registry it set up.
 *
 * @module
 */

/** The codes this project uses by name; all but the two marked ones stand in Close frames. */
export const CloseCode = {
  /** Section 7.4.1: the purpose of the connection is fulfilled. */
  NORMAL: 1000,
  /** Section 7.4.1: an endpoint goes away, as when a server shuts down. */
  GOING_AWAY: 1001,
  /** Section 7.4.1: a protocol error. */
  PROTOCOL_ERROR: 1002,
  /** Section 7.4.1: a Close frame without a code; never on the wire. */
  NO_STATUS: 1005,
  /** Section 7.4.1: a connection lost without a Close frame; never on the wire. */
  ABNORMAL: 1006,
  /** Section 7.4.1: payload that doesn't fit its type, as text that is not UTF-8. */
  INVALID_PAYLOAD: 1007,
  /** Section 7.4.1: a message too big to process. */
  TOO_BIG: 1009,
  /** Section 7.4.1: the server met a condition that kept it from fulfilling the request. */
  INTERNAL_ERROR: 1011,
} as const;

/**
 * Whether a code may stand in a Close frame, in either direction: those that RFC 6455 section 7.4.1 defines for it
 * (1000-1003, 1007-1011), those registered since (1012-1014), and those of libraries and applications (section 7.4.2:
 * 3000-4999).
 */
export function isWireCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
    (code >= 3000 && code <= 4999);
}

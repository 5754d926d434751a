/**
 * Protocols whose server speaks first, by what it says: they are binary behind it, so that text frames are wrong for them, though the
 * greeting itself may well be text.
 *
 * @module
 */

/** A protocol's name and how its server's first bytes begin, as characters of one byte. */
const GREETINGS: readonly (readonly [name: string, begins: RegExp])[] = [
  // RFC 6143 section 7.1.1.
  ["VNC", /^RFB \d{3}\.\d{3}\n/],
  // RFC 4253 section 4.2; section 5.1 for the version of servers that speak the old protocol as well.
  ["SSH", /^SSH-(?:2\.0|1\.99)-/],
  // Three bytes of length, number 0 of its sequence, version 10 of the handshake, then the server's version as text.
  ["MySQL", /^[^]{3}\0\n\d+\.\d+/],
  ["rsync", /^@RSYNCD: \d/],
  // RFC 854: IAC, then WILL, WONT, DO or DONT.
  ["Telnet", /^\xff[\xfb-\xfe]/],
];

/** More than any of them needs. */
const LOOKED_AT_BYTES = 16;

/** The binary protocol that a backend's first bytes greet in; null for any other, and for a greeting that comes in pieces. */
export function greetingOf(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, LOOKED_AT_BYTES));
  return GREETINGS.find(([, begins]) => begins.test(text))?.[0] ?? null;
}

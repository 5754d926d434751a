/**
 * IP addresses as bytes, and in their one canonical form.
 *
 * @module
 */

/** No number of an IPv4 address has a leading zero, which some read as octal. */
const IPV4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;

/** What an IPv6 address is made of, as far as its length: 45 characters hold every one. */
const IPV6 = /^[\da-fA-F:.]{2,45}$/;

/** Gives the 4 or 16 bytes of an IP address; null when it is a name, or has a zone. */
export function encodeIpAddress(text: string): Uint8Array | null {
  if (IPV4.test(text)) {
    const parts = text.split(".").map(Number);
    return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : null;
  }
  const url = text.includes(":") && IPV6.test(text) ? URL.parse(`http://[${text}]/`) : null;
  return url === null ? null : expandIpv6(url.hostname.slice(1, -1));
}

/** Of the canonical form that a URL gives: hexadecimal groups and at most one `::`. */
function expandIpv6(canonical: string): Uint8Array {
  const [head = "", tail] = canonical.split("::");
  const groups = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from(
    [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]),
  );
}

/** The bytes of an address; of an IPv4 address in IPv6's clothes (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) the 4 of IPv4. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** Whether 16 bytes stand for an IPv4 address. */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 &&
    bytes.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
}

/** The text of 4 or 16 bytes: RFC 5952's, and IPv4's of an IPv4-mapped address. */
export function formatIpAddress(bytes: Uint8Array): string {
  const plain = unmapped(bytes);
  if (plain.length === 4) return `${plain[0]}.${plain[1]}.${plain[2]}.${plain[3]}`;
  const groups = Array.from(
    { length: 8 },
    (_, at) => (plain[2 * at]! << 8 | plain[2 * at + 1]!).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** The one form of an IP address that is compared and shown; null when the text is none, or has a zone. */
export function canonicalIpAddress(text: string): string | null {
  const bytes = encodeIpAddress(text);
  return bytes === null ? null : formatIpAddress(bytes);
}

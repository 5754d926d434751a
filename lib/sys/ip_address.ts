/**
 * IP addresses as the system's structures have them.
 *
 * @module
 */

/** Gives the 4 or 16 bytes of an IP address; null when it is a name, or has a zone. */
export function encodeIpAddress(text: string): Uint8Array | null {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    const parts = text.split(".").map(Number);
    return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : null;
  }
  const url = text.includes(":") ? URL.parse(`http://[${text}]/`) : null;
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

/**
 * Addresses of sockets as the system's calls take them.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { encodeIpAddress, formatIpAddress } from "../base/ip_address.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "./socket_constants.ts";

/** Where a `struct sockaddr_in6` has the number of a link-local address's interface, in the machine's order. */
export const SCOPE_OFFSET = 24;

/** A `struct sockaddr` and its family; null when the host is a name. */
export function encodeSocketAddress(
  address: Address,
): { family: number; bytes: Uint8Array<ArrayBuffer> } | null {
  if (address.transport === "unix") {
    const path = new TextEncoder().encode(address.path);
    // An abstract name ends with the structure, a path with a NUL (unix(7)).
    const nul = address.path.startsWith("\0") ? 0 : 1;
    const bytes = new Uint8Array(2 + path.length + nul);
    new Uint16Array(bytes.buffer, 0, 1)[0] = AF_UNIX;
    bytes.set(path, 2);
    return { family: AF_UNIX, bytes };
  }
  const ip = encodeIpAddress(address.hostname === "localhost" ? "127.0.0.1" : address.hostname);
  if (ip === null) return null;
  const family = ip.length === 4 ? AF_INET : AF_INET6;
  const bytes = new Uint8Array(ip.length === 4 ? 16 : 28);
  // The family in the machine's order, the port in the network's.
  new Uint16Array(bytes.buffer, 0, 1)[0] = family;
  new DataView(bytes.buffer).setUint16(2, address.port);
  bytes.set(ip, ip.length === 4 ? 4 : 8);
  return { family, bytes };
}

/** The address that a `struct sockaddr` has; null for one of another kind. */
export function decodeSocketAddress(bytes: Uint8Array<ArrayBuffer>): Address | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 2) return null;
  const [family] = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 2));
  if (family === AF_UNIX) {
    // A path ends with a NUL, an abstract name with the structure (unix(7)).
    const name = new TextDecoder().decode(bytes.subarray(2));
    return { transport: "unix", path: name.startsWith("\0") ? name : name.replace(/\0.*$/s, "") };
  }
  const ip = family === AF_INET
    ? bytes.subarray(4, 8)
    : family === AF_INET6
    ? bytes.subarray(8, 24)
    : null;
  return ip === null
    ? null
    : { transport: "tcp", hostname: formatIpAddress(ip), port: view.getUint16(2) };
}

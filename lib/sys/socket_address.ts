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

/** A `struct sockaddr` and its family. */
export interface EncodedAddress {
  readonly family: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Null when the host is a name. */
export function encodeSocketAddress(address: Address): EncodedAddress | null {
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

/** The address that a `struct sockaddr` of so many bytes has; null for one of another kind. */
export function decodeSocketAddress(
  bytes: Uint8Array<ArrayBuffer>,
  length: number = bytes.length,
): Address | null {
  // By hand: each connection has its peer's read, and a view costs as much as all the rest of it. Every system that the runtime knows puts the
  // low half of a family first.
  const family = length < 2 ? -1 : bytes[0]! | bytes[1]! << 8;
  if (family === AF_UNIX) {
    // A path ends with a NUL, an abstract name with the structure (unix(7)).
    const name = new TextDecoder().decode(bytes.subarray(2, length));
    return { transport: "unix", path: name.startsWith("\0") ? name : name.replace(/\0.*$/s, "") };
  }
  if (family !== AF_INET && family !== AF_INET6) return null;
  const port = bytes[2]! << 8 | bytes[3]!;
  const hostname = family === AF_INET ? ipv4At(bytes, 4) : formatIpAddress(bytes.subarray(8, 24));
  return { transport: "tcp", hostname, port };
}

/** The one that was read last: a proxy, or this machine, comes again and again, and what is the same text needs no new one, nor a hash of that. */
let lastBits = 0;
let lastText = "0.0.0.0";

function ipv4At(bytes: Uint8Array, at: number): string {
  const bits = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
  if (bits === lastBits) return lastText;
  lastBits = bits;
  return lastText = formatIpAddress(bytes.subarray(at, at + 4));
}

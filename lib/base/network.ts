/**
 * Networks of clients: `192.0.2.0/24`, `2001:db8::/32`, a single address, or `unix` for whoever comes by a unix-domain socket.
 *
 * @module
 */
import { encodeIpAddress, formatIpAddress, isMapped, unmapped } from "./ip_address.ts";

/** The address of who has none: a client of a unix-domain socket. */
export const UNIX = "unix";

export interface Network {
  /** Canonical: `192.0.2.0/24`, `192.0.2.1`, `unix`. */
  readonly text: string;
  /** Of the address, 4 or 16; none for `unix`. */
  readonly bytes: readonly number[];
  /** How many bits of it count. */
  readonly bits: number;
}

/** The network, or in `problem` what is wrong with the text. */
export type ParsedNetwork = { readonly network: Network } | { readonly problem: string };

const RULE = `must be a network such as "192.0.2.0/24" or "2001:db8::/32", an address or "${UNIX}"`;

/** An IPv4-mapped network is IPv4's. */
export function parseNetwork(text: string): ParsedNetwork {
  if (text === UNIX) return { network: { text, bytes: [], bits: 0 } };
  if (text.includes("%")) return { problem: `${RULE}, without a zone (%)` };
  const [address = "", length, ...more] = text.split("/");
  const written = encodeIpAddress(address);
  if (written === null || more.length > 0) return { problem: RULE };
  const most = written.length * 8;
  if (length !== undefined && !(/^(?:0|[1-9]\d{0,2})$/.test(length) && Number(length) <= most)) {
    return { problem: `must have from 0 to ${most} bits behind the /` };
  }
  const writtenBits = length === undefined ? most : Number(length);
  const isIpv4 = isMapped(written) && writtenBits >= 96;
  const bytes = isIpv4 ? unmapped(written) : written;
  const bits = isIpv4 ? writtenBits - 96 : writtenBits;
  const first = masked(bytes, bits);
  const network = networkOf(first, bits);
  return first.some((byte, at) => byte !== bytes[at])
    ? { problem: `has bits set behind the /${length}: the network is ${network.text}` }
    : { network };
}

/** The first address of the network of so many bits. */
function masked(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, at) => byte & maskOf(bits, at));
}

/** Which bits of the byte at a place count. */
export function maskOf(bits: number, at: number): number {
  const left = Math.min(8, Math.max(0, bits - 8 * at));
  return 0xff00 >> left & 0xff;
}

function networkOf(bytes: Uint8Array, bits: number): Network {
  // `::ffff:0:0` in front of fewer than 96 bits is not IPv4's.
  const address = formatIpAddress(bytes);
  const text = bits === bytes.length * 8 ? address : `${address}/${bits}`;
  return { text, bytes: [...bytes], bits };
}

/** Whether one of the networks has an address: that of a {@linkcode Peer}, with a zone or none. */
export function contains(networks: readonly Network[], address: string): boolean {
  if (networks.length === 0) return false;
  if (address === UNIX) return networks.some(({ text }) => text === UNIX);
  const encoded = encodeIpAddress(withoutZone(address));
  if (encoded === null) return false;
  const bytes = unmapped(encoded);
  return networks.some((network) => has(network, bytes));
}

function has({ bytes, bits }: Network, address: Uint8Array): boolean {
  return bytes.length === address.length &&
    bytes.every((byte, at) => byte === (address[at]! & maskOf(bits, at)));
}

/** A zone says by which interface an address of the link is reached, RFC 4007 section 11. */
export function withoutZone(address: string): string {
  const at = address.indexOf("%");
  return at < 0 ? address : address.slice(0, at);
}

const IPV6_LOOPBACK = "::1";

/** What counts as one client: an IPv4 address, an IPv6 network of 64 bits, which is the least that anybody gets, or `unix`. */
export function clientNetwork(address: string): string {
  if (!address.includes(":") || address === IPV6_LOOPBACK) return address;
  const encoded = encodeIpAddress(withoutZone(address));
  if (encoded === null) return address;
  const bytes = unmapped(encoded);
  return bytes.length === 4 ? formatIpAddress(bytes) : networkOf(masked(bytes, 64), 64).text;
}

/** Whether it is this machine: there a proxy may speak for everybody. */
export function isLocal(address: string): boolean {
  return address === UNIX || address === IPV6_LOOPBACK || address.startsWith("127.");
}

/**
 * The PROXY protocol's header as we write it (HAProxy's doc/proxy-protocol.txt): what a backend is told of a client before its first byte.
 * `proxy_protocol.ts` reads it.
 *
 * | client, and where it connected to | version 1 | version 2 |
 * |---|---|---|
 * | both of IPv4, or both of IPv6 | `TCP4`, `TCP6` | the same |
 * | one of each | `TCP6`, the IPv4 one mapped (`::ffff:192.0.2.1`) | the same |
 * | a client with an address, named by a proxy that came by a unix-domain socket | `TCP4` or `TCP6` to an address of zeros | the same |
 * | a client without an address | `UNKNOWN` | `LOCAL` |
 *
 * A port that nobody has told is 0.
 *
 * @module
 */
import { encodeIpAddress, formatIpAddress, unmapped } from "../base/ip_address.ts";
import type { Peer } from "../base/peer.ts";

/** Which of the two forms is written. */
export type ProxyVersion = "v1" | "v2";

/** Section 2.2: what no other protocol begins with. */
const V2_SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

/** Version 2 and the command: whom it is of, or nobody that could be named. */
const PROXY = 0x21;
const LOCAL = 0x20;

/** Family and transport: a stream of IPv4, of IPv6, or neither. */
const TCP4 = 0x11;
const TCP6 = 0x21;
const UNSPECIFIED = 0x00;

/** One end of a connection, as the header has it. */
interface End {
  /** 4, or 16. */
  readonly ip: Uint8Array;
  readonly port: number;
}

/** The header that tells who a client is: version 1 is at most 107 bytes, version 2 52. */
export function encodeProxyHeader(
  version: ProxyVersion,
  peer: Pick<Peer, "address" | "port" | "local">,
): Uint8Array<ArrayBuffer> {
  const ends = endsOf(peer);
  return version === "v1" ? encodeV1(ends) : encodeV2(ends);
}

/** Both ends in one family; null where the client has no address. */
function endsOf({ address, port, local }: Pick<Peer, "address" | "port" | "local">) {
  const source = ipOf(address);
  if (source === null) return null;
  const there = local.transport === "tcp" ? ipOf(local.hostname) : null;
  const destination = there ?? new Uint8Array(source.length);
  const length = Math.max(source.length, destination.length);
  const localPort = local.transport === "tcp" ? local.port : 0;
  return {
    source: { ip: inLength(source, length), port: port ?? 0 },
    destination: { ip: inLength(destination, length), port: localPort },
  };
}

/** Without a zone, which says nothing to anybody else. */
function ipOf(address: string): Uint8Array | null {
  const bytes = encodeIpAddress(address.replace(/%.*$/, ""));
  return bytes === null ? null : unmapped(bytes);
}

/** An IPv4 address as IPv6 has it (RFC 4291 section 2.5.5.2), where that is asked for. */
function inLength(ip: Uint8Array, length: number): Uint8Array {
  if (ip.length === length) return ip;
  const mapped = new Uint8Array(length).fill(0xff, 10, 12);
  mapped.set(ip, 12);
  return mapped;
}

type Ends = { readonly source: End; readonly destination: End } | null;

/** Section 2.1. */
function encodeV1(ends: Ends): Uint8Array<ArrayBuffer> {
  const line = ends === null ? "PROXY UNKNOWN" : lineOf(ends.source, ends.destination);
  return Uint8Array.from(`${line}\r\n`, (character) => character.charCodeAt(0));
}

function lineOf(source: End, destination: End): string {
  const family = source.ip.length === 4 ? "TCP4" : "TCP6";
  const ips = [source, destination].map(({ ip }) => ip.length === 4 ? ip.join(".") : ipv6(ip));
  return `PROXY ${family} ${ips.join(" ")} ${source.port} ${destination.port}`;
}

/** A mapped one keeps its clothes: it stands where `TCP6` was said. */
function ipv6(ip: Uint8Array): string {
  const text = formatIpAddress(ip);
  return text.includes(":") ? text : `::ffff:${text}`;
}

/** Section 2.2; nothing follows the addresses. */
function encodeV2(ends: Ends): Uint8Array<ArrayBuffer> {
  if (ends === null) return Uint8Array.of(...V2_SIGNATURE, LOCAL, UNSPECIFIED, 0, 0);
  const { source, destination } = ends;
  const family = source.ip.length === 4 ? TCP4 : TCP6;
  const addresses = [
    ...source.ip,
    ...destination.ip,
    ...[source.port, destination.port].flatMap((port) => [port >> 8, port & 0xff]),
  ];
  return Uint8Array.of(...V2_SIGNATURE, PROXY, family, 0, addresses.length, ...addresses);
}

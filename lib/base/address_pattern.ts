/**
 * Addresses that a client may name: patterns of hosts and ports, and which addresses they let through.
 *
 * What a client names is read as strictly as can be, so that no two readers take it for different hosts: an IPv4 address is four decimal
 * numbers, and whatever else ends in a number (`127.1`, `0x7f.1`, `2130706433`; some take these for IPv4) is nothing. An address that is not
 * of the public internet is let through only by a pattern that names its network, or a part of it: `0.0.0.0/0` names no private one.
 *
 * @module
 */
import { canonicalIpAddress } from "./ip_address.ts";
import { contains, type Network, parseNetwork } from "./network.ts";

/** Hosts and ports that a client may name. */
export interface AddressPattern {
  /** As it was written. */
  readonly text: string;
  readonly host:
    | { readonly name: string }
    /** With its dot: the names that end so. */
    | { readonly suffix: string }
    | { readonly network: Network };
  /** The first port and the last. */
  readonly ports: readonly [number, number];
}

export type ParsedPattern = { readonly pattern: AddressPattern } | { readonly problem: string };

const RULE =
  'must be a host and its ports, such as "db.example.com:5432", "*.example.com:5432", "10.0.0.0/8:22" or "[::1]:5900-5910"';

/** Reads a pattern as a user writes it. */
export function parseAddressPattern(text: string): ParsedPattern {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return { problem: RULE };
  const [, bracketed, plain, first, last = first] = match;
  const ports = [Number(first), Number(last)] as const;
  if (!(ports[0] >= 1 && ports[0] <= ports[1] && ports[1] <= 65535)) {
    return { problem: "the ports must be 1 to 65535, the first one not above the last" };
  }
  const host = bracketed === undefined ? hostOf(plain!.toLowerCase()) : networkOf(bracketed);
  return "problem" in host ? host : { pattern: { text, host, ports } };
}

function hostOf(written: string): AddressPattern["host"] | { readonly problem: string } {
  if (written === "*") return { problem: `${RULE}: every public host is 0.0.0.0/0 and [::/0]` };
  if (/^[\d./]+$/.test(written)) return networkOf(written);
  const name = written.startsWith("*.") ? written.slice(2) : written;
  if (!isName(name)) return { problem: RULE };
  return name === written ? { name } : { suffix: `.${name}` };
}

function networkOf(written: string): AddressPattern["host"] | { readonly problem: string } {
  const parsed = parseNetwork(written);
  if (!("problem" in parsed)) return parsed.network.bytes.length === 0 ? { problem: RULE } : parsed;
  // What is no address at all is told by the rule of patterns: that of networks has no ports.
  const isAddress = canonicalIpAddress(written.split("/")[0]!) !== null;
  return { problem: isAddress ? parsed.problem : RULE };
}

/** An address that a client names. */
export interface NamedAddress {
  /** A name in lower case, or a canonical IP address. */
  readonly hostname: string;
  readonly isName: boolean;
  readonly port: number;
}

/** Reads `host:port` or `[v6]:port`; null where it is neither, or could be read as another. */
export function parseNamedAddress(text: string): NamedAddress | null {
  const match = /^(?:\[([\da-fA-F.]*:[\da-fA-F:.]*)\]|([\w.-]+)):([1-9]\d{0,4})$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65535) return null;
  const address = canonicalIpAddress(bracketed ?? plain!);
  if (address !== null) return { hostname: address, isName: false, port };
  const hostname = plain?.toLowerCase();
  return hostname === undefined || !isName(hostname) ? null : { hostname, isName: true, port };
}

/** RFC 1123 section 2.1, and an underscore; no dot at the end, and nothing that the WHATWG's URLs would read as an IPv4 address. */
function isName(text: string): boolean {
  if (text.length > 253 || /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(text)) return false;
  return /^(?!-)[a-z\d_-]{1,63}(?<!-)(?:\.(?!-)[a-z\d_-]{1,63}(?<!-))*$/.test(text);
}

/** Whether a client may name it; of a name not yet what it stands for: {@linkcode mayReach}. */
export function mayName(patterns: readonly AddressPattern[], named: NamedAddress): boolean {
  const { hostname, isName, port } = named;
  if (!isName) {
    return patterns.some((pattern) => names(pattern, hostname, port)) &&
      mayReach(patterns, hostname, port);
  }
  return patterns.some(({ host, ports }) =>
    hasPort(ports, port) &&
    ("name" in host ? host.name === hostname : "suffix" in host && hostname.endsWith(host.suffix))
  );
}

/** Whether a name that may be named may lead to an IP address: any public one, and another where a pattern names its network. */
export function mayReach(
  patterns: readonly AddressPattern[],
  address: string,
  port: number,
): boolean {
  if (canonicalIpAddress(address) === null) return false;
  if (isPublic(address)) return true;
  return patterns.some((pattern) =>
    "network" in pattern.host && !reachesPublic(pattern.host.network) &&
    names(pattern, address, port)
  );
}

function names({ host, ports }: AddressPattern, address: string, port: number): boolean {
  return "network" in host && hasPort(ports, port) && contains([host.network], address);
}

function hasPort([first, last]: AddressPattern["ports"], port: number): boolean {
  return first <= port && port <= last;
}

const network = (text: string): Network => {
  const parsed = parseNetwork(text);
  if ("problem" in parsed) throw new TypeError(`${text}: ${parsed.problem}`);
  return parsed.network;
};

/** IANA's registries of special addresses (RFC 6890), multicast, and Azure's server of metadata, which has a public address. */
const SPECIAL: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Teredo and others of the IETF, documentation, and 6to4, which hides an IPv4 address.
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
];

/** All that is global unicast of IPv6; NAT64, unique local, link-local and multicast addresses lie outside. */
const GLOBAL = "2000::/3";

/** Parsed when first asked for, not at each start. */
let parsed: { readonly special: readonly Network[]; readonly global: Network } | null = null;

function known() {
  return parsed ??= { special: SPECIAL.map(network), global: network(GLOBAL) };
}

function isPublic(address: string): boolean {
  const isIpv6 = canonicalIpAddress(address)!.includes(":");
  const { special, global } = known();
  return (!isIpv6 || contains([global], address)) && !contains(special, address);
}

/** Whether any of a network's addresses is public. */
function reachesPublic({ text, bytes, bits }: Network): boolean {
  const first = text.split("/")[0]!;
  const isWithin = (outer: Network) => outer.bits <= bits && contains([outer], first);
  const { special, global } = known();
  if (special.some(isWithin)) return false;
  return bytes.length === 4 || bits < global.bits || isWithin(global);
}

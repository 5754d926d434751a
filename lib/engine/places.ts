/**
 * From what the configuration says to the addresses of sockets: names are resolved, `::` is both families, and what one socket
 * covers needs no second.
 *
 * @module
 */
import type { Address, TcpAddress } from "../base/address.ts";
import type { ListenConfig } from "../config/config.ts";

/** What is asked for. */
export interface AskedPlace extends ListenConfig {
  /** A socket that is open has this address, and no other is meant. */
  readonly handed?: boolean;
}

export interface Place {
  readonly asked: AskedPlace;
  /** The addresses of its sockets, which have one port; none: other places cover it. */
  readonly at: readonly Address[];
}

/** All interfaces, of both families and of IPv4's. */
export const ANY = "::";
export const ANY_IPV4 = "0.0.0.0";

/** Finds the addresses that a place has now; rejects with the resolver's error for a name that has none. */
export async function resolvePlace(asked: AskedPlace): Promise<Place> {
  const { address, handed } = asked;
  if (handed || address.transport === "unix") return { asked, at: [address] };
  const hostnames = await hostnamesOf(address.hostname);
  return { asked, at: hostnames.map((hostname) => ({ ...address, hostname })) };
}

async function hostnamesOf(hostname: string): Promise<readonly string[]> {
  if (hostname.includes(":")) {
    const written = canonicalIpv6(hostname);
    return written === ANY ? [ANY, ANY_IPV4] : [written];
  }
  if (isIpv4(hostname)) return [hostname];
  // Loopback by definition, RFC 6761 section 6.3; files of hosts often have one of the two alone.
  if (/^(?:.+\.)?localhost\.?$/i.test(hostname)) return ["127.0.0.1", "::1"];
  // Only where a name is listened at: no other start needs it.
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(hostname, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

function isIpv4(hostname: string): boolean {
  return /^[0-9.]+$/.test(hostname);
}

/** `::1` for `0:0:0:0:0:0:0:1`; one with a zone stays as it is. */
function canonicalIpv6(hostname: string): string {
  return hostname.includes("%") ? hostname : new URL(`http://[${hostname}]`).hostname.slice(1, -1);
}

/**
 * Takes out the addresses that sockets of other places cover, whichever stands first: an address that is there twice, and any
 * beside all interfaces with the same port. Port 0 is another one each time.
 */
export function withoutCovered(places: readonly Place[]): Place[] {
  return places.map((place, at) => ({
    ...place,
    at: place.at.filter((address) =>
      !places.some((other, otherAt) =>
        (widthOf(other) > widthOf(place) || (widthOf(other) === widthOf(place) && otherAt < at)) &&
        other.at.some((cover) => covers(cover, address))
      )
    ),
  }));
}

/** How much a place covers: both families, one, or an interface. */
function widthOf({ at: [first] }: Place): number {
  if (first?.transport !== "tcp") return 0;
  return [ANY_IPV4, ANY].indexOf(first.hostname) + 1;
}

function covers(cover: Address, address: Address): boolean {
  if (cover.transport !== "tcp" || address.transport !== "tcp") return false;
  return cover.port === address.port && cover.port !== 0 && coversHost(cover, address);
}

function coversHost({ hostname: cover }: TcpAddress, { hostname }: TcpAddress): boolean {
  return cover === hostname || cover === ANY || (cover === ANY_IPV4 && isIpv4(hostname));
}

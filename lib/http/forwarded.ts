/**
 * For whom a proxy says it speaks: by `X-Forwarded-For`, `Forwarded` (RFC 7239) or `X-Real-IP`.
 *
 * One of them is read, the one that the proxies are known to set: any other a client can have made up, and a proxy passes on what it doesn't
 * know. Of a list each proxy adds to the end, so it is read from there, up to the first that isn't trusted: what stands before that,
 * anybody may have written. What can't be read, is hidden or unknown ends the walk, as the beginning does: the request is then of
 * the last that was named.
 *
 * @module
 */
import { canonicalIpAddress } from "../base/ip_address.ts";
import { contains, type Network, UNIX } from "../base/network.ts";
import type { FORWARDED_HEADERS, Peer } from "../base/peer.ts";
import type { HeaderFields } from "./request.ts";
import { isToken } from "./token.ts";

export type ForwardedHeader = typeof FORWARDED_HEADERS[number];

/** Who may speak for others, and how they do it. */
export interface Trust {
  readonly proxies: readonly Network[];
  readonly header: ForwardedHeader;
}

/** Longer chains are none: who fills a head with addresses of proxies is not followed. */
const MAX_HOPS = 32;

/** Whether it may speak for others. */
export function isTrusted({ proxies }: Trust, address: string): boolean {
  return contains(proxies, address);
}

/** Whose request it is, that came from a peer: the peer's own, unless that is trusted and names somebody else. */
export function clientOf(headers: HeaderFields, peer: Peer, trust: Trust): Peer {
  if (!isTrusted(trust, peer.address)) return peer;
  const value = headers.get(trust.header);
  if (value === null) return peer;
  let client: Node | null = null;
  let hops = 0;
  for (const node of NODES[trust.header](value)) {
    if (node === null || ++hops > MAX_HOPS) break;
    client = node;
    if (!isTrusted(trust, node.address)) break;
  }
  return client === null ? peer : speakingFor(peer, client);
}

/** An address that was named, and its port, where it has one. */
interface Node {
  readonly address: string;
  readonly port: number | null;
}

/** The peer that another one speaks for; that one is told of as what it came by, and its certificate says nothing of whom it speaks for. */
function speakingFor(peer: Peer, { address, port }: Node): Peer {
  const host = port !== null && address.includes(":") ? `[${address}]` : address;
  const name = port === null ? host : `${host}:${port}`;
  const { user: _proxy, ...rest } = peer;
  return { ...rest, address, port, name, via: peer.via ?? peer.name };
}

/** Who is named, the last one first; null: who can't be known. */
const NODES: Readonly<Record<ForwardedHeader, (value: string) => Iterable<Node | null>>> = {
  "x-forwarded-for": listed,
  "forwarded": forwarded,
  // The last one, where somebody has added to what was there.
  "x-real-ip": (value) => [parseNode(elementBefore(value, value.length).text)],
};

function* listed(value: string): Iterable<Node | null> {
  for (let end = value.length; end >= 0;) {
    const { text, start } = elementBefore(value, end);
    end = start - 1;
    if (text !== "") yield parseNode(text);
  }
}

/** The element of a comma-separated list that ends somewhere. */
function elementBefore(value: string, end: number): { text: string; start: number } {
  // At 0 `lastIndexOf()` would look at that very place.
  const start = end === 0 ? 0 : value.lastIndexOf(",", end - 1) + 1;
  return { text: value.slice(start, end).trim(), start };
}

/** `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, the first and the last with a port; `unix:`, as nginx calls who came by a socket. */
const NODE = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::(\d{1,5}|_[\w.-]+))?$/;

function parseNode(text: string): Node | null {
  if (text === "unix:") return { address: UNIX, port: null };
  const bare = canonicalIpAddress(text);
  if (bare !== null) return { address: bare, port: null };
  const match = NODE.exec(text);
  const address = match === null ? null : canonicalIpAddress(match[1] ?? match[2]!);
  // In brackets stands IPv6, and nothing else.
  if (address === null || (match![1] !== undefined && !match![1].includes(":"))) return null;
  const port = match![3];
  // One that is hidden is none.
  if (port === undefined || port.startsWith("_")) return { address, port: null };
  return Number(port) > 0xffff ? null : { address, port: Number(port) };
}

/**
 * Read backwards, a pair at a time: a quote that a client has left open can't swallow what a proxy adds. What can't be read
 * ends it, so that each element is one that whoever wrote the next one saw as it is.
 */
function* forwarded(value: string): Iterable<Node | null> {
  let end = value.length;
  while (end > 0) {
    const element = elementOf(value, end);
    if (element === null) return yield null;
    end = element.start - 1;
    if (element.names.length === 0) continue;
    const named = element.names.filter(([name]) => name === "for");
    yield named.length === 1 ? parseNode(named[0]![1]) : null;
  }
}

/** RFC 7239 section 4: the pairs of the element that ends somewhere, last one first; null: it is none. */
function elementOf(
  value: string,
  end: number,
): { readonly names: readonly (readonly [string, string])[]; readonly start: number } | null {
  const names: (readonly [string, string])[] = [];
  for (let at = end;;) {
    at = beforeSpace(value, at);
    if (at > 0 && value[at - 1] !== ";" && value[at - 1] !== ",") {
      const pair = pairBefore(value, at);
      if (pair === null) return null;
      names.push([pair.name, pair.value]);
      at = beforeSpace(value, pair.start);
    }
    if (at === 0 || value[at - 1] === ",") return { names, start: at };
    if (value[at - 1] !== ";") return null;
    at--;
  }
}

function beforeSpace(value: string, end: number): number {
  while (end > 0 && (value[end - 1] === " " || value[end - 1] === "\t")) end--;
  return end;
}

/** `name=token` or `name="quoted"`, which ends somewhere. */
function pairBefore(
  value: string,
  end: number,
): { readonly name: string; readonly value: string; readonly start: number } | null {
  const isQuoted = value[end - 1] === '"';
  const from = isQuoted ? openingQuote(value, end - 1) : tokenStart(value, end);
  if (from < 1 || value[from - 1] !== "=") return null;
  const start = tokenStart(value, from - 1);
  const name = value.slice(start, from - 1).toLowerCase();
  const written = value.slice(from, end);
  if (!isToken(name) || !(isQuoted || isToken(written))) return null;
  return {
    name,
    value: isQuoted ? written.slice(1, -1).replace(/\\([^])/g, "$1") : written,
    start,
  };
}

/** Where the quoted string begins that ends with the quote at a place: within it a quote has a backslash in front. */
function openingQuote(value: string, closing: number): number {
  let at = closing - 1;
  while (at >= 0 && (value[at] !== '"' || value[at - 1] === "\\")) at--;
  return at;
}

function tokenStart(value: string, end: number): number {
  let start = end;
  while (start > 0 && isToken(value[start - 1]!)) start--;
  return start;
}

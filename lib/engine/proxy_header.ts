/**
 * What stands in front of all else on a listener that takes the PROXY protocol: who is let say it, and whose the connection is then.
 * Decisions, for whoever reads the bytes.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import { UNIX } from "../base/network.ts";
import type { Peer } from "../base/peer.ts";
import type { ProxyProtocol } from "../config/config.ts";
import { parseProxyHeader } from "../http/proxy_protocol.ts";

/** How a connection begins that may do so: with a PROXY header, perhaps with one, or, null, with none. */
export type Beginning = "required" | "optional" | null;

/** By what the listener takes, and whether who connected may speak for others; in `problem` why it is to be ended. */
export function beginningOf(
  asked: ProxyProtocol | undefined,
  isTrusted: boolean,
): Beginning | { readonly problem: string } {
  if (asked === undefined || asked === "off") return null;
  if (isTrusted) return asked;
  return asked === "optional" ? null : { problem: "no trusted proxy, and one must speak for it" };
}

/** What has come of a beginning so far: `end` is where the bytes behind it begin. */
export type ReadBeginning =
  | "incomplete"
  | { readonly peer: Peer; readonly end: number }
  | { readonly problem: string };

/** Reads what begins at `start`, of which all has come up to `end`; called again from there as more comes. */
export function readBeginning(
  asked: NonNullable<Beginning>,
  peer: Peer,
  bytes: Uint8Array,
  start: number,
  end: number,
): ReadBeginning {
  const header = parseProxyHeader(bytes, start, end);
  if (header === "incomplete") return "incomplete";
  if (header === "absent") {
    return asked === "optional" ? { peer, end: start } : { problem: "no PROXY header" };
  }
  if ("problem" in header) return header;
  const { source, destination } = header;
  return { peer: source === null ? peer : behind(peer, source, destination), end: header.end };
}

/** The client that a proxy names; where that connected to is what the client did. */
function behind(peer: Peer, source: Address, destination: Address | null): Peer {
  const { secure, name: via } = peer;
  const local = destination ?? peer.local;
  if (source.transport === "unix") {
    return { address: UNIX, port: null, name: UNIX, via, local, secure };
  }
  const { hostname: address, port } = source;
  return { address, port, name: formatAddress(source), via, local, secure };
}

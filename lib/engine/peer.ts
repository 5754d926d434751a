/**
 * Names of addresses as the runtime gives them.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import type { Peer } from "../base/peer.ts";

/** Our form of a runtime's address. */
export function fromRuntime(address: Deno.Addr): Address {
  if (address.transport === "tcp") {
    return { transport: "tcp", hostname: address.hostname, port: address.port };
  }
  return { transport: "unix", path: "path" in address ? address.path : "" };
}

/** Who is at the other end of a connection to `local`. */
export function peerOf(address: Deno.Addr, local: Address): Peer {
  return peerAt(fromRuntime(address), local);
}

/** The same, by an address of ours. */
export function peerAt(ours: Address, local: Address): Peer {
  const there = withoutMapping(local);
  if (ours.transport === "unix") {
    return { address: "unix", port: null, name: "unix", local: there, secure: false };
  }
  const at = withoutMapping(ours) as typeof ours;
  const name = formatAddress(at);
  return { address: at.hostname, port: at.port, name, local: there, secure: false };
}

/** An IPv4 client of a dual-stack listener has its IPv4 address. */
function withoutMapping(address: Address): Address {
  if (address.transport === "unix" || !address.hostname.startsWith("::ffff:")) return address;
  return { ...address, hostname: address.hostname.replace(/^::ffff:(?=\d+\.)/, "") };
}

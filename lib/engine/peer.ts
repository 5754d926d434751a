/**
 * Names of addresses as the runtime gives them.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import type { Peer } from "./door.ts";

/** Our form of a runtime's address. */
export function fromRuntime(address: Deno.Addr): Address {
  if (address.transport === "tcp") {
    return { transport: "tcp", hostname: address.hostname, port: address.port };
  }
  return { transport: "unix", path: "path" in address ? address.path : "" };
}

/** Who is at the other end of a connection. An IPv4 client of a dual-stack listener has its IPv4 address. */
export function peerOf(address: Deno.Addr): Peer {
  const ours = fromRuntime(address);
  if (ours.transport === "unix") return { address: "unix", name: "unix" };
  const hostname = ours.hostname.replace(/^::ffff:(?=\d+\.)/, "");
  return { address: hostname, name: formatAddress({ ...ours, hostname }) };
}

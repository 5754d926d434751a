/**
 * How connections within this machine are sent on. BBR, where the system has it as its default, paces what it sends by the path's bandwidth, of which there is
 * none over loopback: downloads were 1.4 times as fast without it, for two thirds of the CPU (Linux 6.18). Linux only, through FFI.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { isLocal } from "../base/network.ts";
import type { Libc } from "./libc.ts";
import { readProc } from "./proc_file.ts";
import { IPPROTO_TCP } from "./socket_constants.ts";

// Of <netinet/tcp.h>.
const TCP_CONGESTION = 13;

/** What Linux has as its own default. */
const UNPACED = new TextEncoder().encode("cubic");

/** Sets a socket that listens or connects at an address. */
export type Unpace = (descriptor: number, address: Address) => void;

/** Does nothing where the system's default is another one; where it can't be set, that stays. */
export function createUnpace(libc: Libc): Unpace {
  const isPaced = readProc(libc, "/proc/sys/net/ipv4/tcp_congestion_control").startsWith("bbr");
  if (!isPaced) return () => {};
  const { setsockopt } = libc.symbols;
  return (descriptor, address) => {
    if (address.transport === "unix" || !isLocal(address.hostname)) return;
    setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, UNPACED, UNPACED.length);
  };
}

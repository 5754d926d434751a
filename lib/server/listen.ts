/**
 * Opening the listeners, all or none.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import type { Engine, EngineOptions, Handler, Listener } from "./engine.ts";
import { removeStaleSocket } from "./unix_socket.ts";

/** The listeners, or in `problem` why one of them can't be had; then none is left open. */
export type Listening = { readonly listeners: readonly Listener[] } | { readonly problem: string };

/** Listens at every address. */
export async function listenAll(
  addresses: readonly Address[],
  engine: Engine,
  handler: Handler,
  options: EngineOptions,
): Promise<Listening> {
  const listeners: Listener[] = [];
  for (const address of addresses) {
    try {
      if (address.transport === "unix") await removeStaleSocket(address.path);
      listeners.push(listenDualStack(address, (where) => engine(where, handler, options)));
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()));
      return { problem: `cannot listen on ${formatAddress(address)}: ${whyNot(error, address)}` };
    }
  }
  return { listeners };
}

/** All interfaces mean IPv4's alone where the machine has no IPv6. */
function listenDualStack(address: Address, listen: (address: Address) => Listener): Listener {
  if (address.transport !== "tcp" || address.hostname !== "::") return listen(address);
  try {
    return listen(address);
  } catch (error) {
    const noIpv6 = !(error instanceof Deno.errors.AddrInUse) &&
      !(error instanceof Deno.errors.PermissionDenied);
    if (!noIpv6) throw error;
    return listen({ ...address, hostname: "0.0.0.0" });
  }
}

function whyNot(error: unknown, { transport }: Address): string {
  const isUnix = transport === "unix";
  if (error instanceof Deno.errors.AddrInUse) {
    return `another program listens there${isUnix ? ", or the file is no socket" : ""}`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied) {
    const what = isUnix
      ? "its folder must be writable"
      : "a port under 1024 needs CAP_NET_BIND_SERVICE";
    return `permission denied (${what})`;
  }
  return error instanceof Error ? error.message : String(error);
}

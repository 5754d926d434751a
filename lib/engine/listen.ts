/**
 * Opening the listeners, all or none.
 *
 * @module
 */
import { type Address, formatAddress, type TcpAddress } from "../base/address.ts";
import { isExhaustion } from "../base/exhaustion.ts";
import type { ListenConfig } from "../config/config.ts";
import type { Listen, Listener } from "./engine.ts";
import { ANY, ANY_IPV4, type Place, resolvePlace, withoutCovered } from "./places.ts";
import { removeStaleSocket } from "./unix_socket.ts";

/** The listeners, or in `problem` why one of them can't be had; then none is left open. */
export type Listening = { readonly listeners: readonly Listener[] } | { readonly problem: string };

/** How often a free port is asked for that several addresses can share. */
const MAX_PORT_TRIES = 20;

/** Listens at every address: several sockets where it is a name, or all interfaces, that one socket doesn't cover. */
export async function listenAll(
  configs: readonly ListenConfig[],
  listen: Listen,
): Promise<Listening> {
  const listeners: Listener[] = [];
  let asked: ListenConfig;
  try {
    const places: Place[] = [];
    for (asked of configs) places.push(await resolvePlace(asked));
    for (const place of withoutCovered(places)) {
      asked = place.asked;
      const open = (address: Address) => listen({ ...asked, address });
      listeners.push(...await openPlace(place, open));
    }
  } catch (error) {
    await closeAll(listeners);
    const { address } = asked!;
    return { problem: `cannot listen on ${formatAddress(address)}: ${whyNot(error, address)}` };
  }
  return { listeners };
}

type Open = (address: Address) => ReturnType<Listen>;

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
}

/** Opens the sockets of one place. Those of its addresses that this machine doesn't have are left out, as long as it has one. */
async function openPlace({ at }: Place, open: Open): Promise<Listener[]> {
  const [first] = at;
  if (first?.transport === "unix") {
    await removeStaleSocket(first.path);
    return [await open(first)];
  }
  for (let tries = 1;; tries++) {
    const opened: Listener[] = [];
    try {
      await openTogether(at as readonly TcpAddress[], open, opened);
      return opened;
    } catch (error) {
      await closeAll(opened);
      // The port that was free for the first of them may be taken for the next.
      const mayShareAnother = at.length > 1 && first?.port === 0 && isTaken(error);
      if (!mayShareAnother || tries === MAX_PORT_TRIES) throw error;
    }
  }
}

/** Adds to `opened`; rejects with what kept the last address from being opened. */
async function openTogether(
  addresses: readonly TcpAddress[],
  open: Open,
  opened: Listener[],
): Promise<void> {
  let absence: unknown = null;
  for (const address of addresses) {
    const shared = opened[0]?.address;
    const port = shared?.transport === "tcp" ? shared.port : address.port;
    try {
      opened.push(await open({ ...address, port }));
    } catch (error) {
      if (isAbsent(error, address)) absence = error;
      else if (!(isTaken(error) && hasBothFamilies(addresses, opened))) throw error;
    }
  }
  if (absence !== null && opened.length === 0) throw absence;
}

/** Whether the socket that is open takes IPv4 as well, and so is who has taken IPv4's address: as the system is set (ipv6(7)). */
function hasBothFamilies(addresses: readonly TcpAddress[], opened: readonly Listener[]): boolean {
  return addresses[0]?.hostname === ANY && addresses[1]?.hostname === ANY_IPV4 &&
    opened.length === 1 && !isIpv6Only();
}

/** Tried out, since the runtime lets nobody read `/proc/sys`: whether a free port of `::` is free for IPv4 as well. */
function isIpv6Only(): boolean {
  using any = Deno.listen({ hostname: ANY, port: 0 });
  try {
    Deno.listen({ hostname: ANY_IPV4, port: any.addr.port }).close();
    return true;
  } catch {
    return false;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse;
}

/** Whether this machine doesn't have an address. One without IPv6 has several ways to say so. */
function isAbsent(error: unknown, { hostname }: TcpAddress): boolean {
  if (error instanceof Deno.errors.AddrNotAvailable) return true;
  return hostname.includes(":") && !isTaken(error) && !isExhaustion(error) &&
    !(error instanceof Deno.errors.PermissionDenied);
}

function whyNot(error: unknown, { transport }: Address): string {
  const isUnix = transport === "unix";
  if (isTaken(error)) {
    return `another program listens there${isUnix ? ", or the file is no socket" : ""}`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied) {
    const what = isUnix
      ? "its folder must be writable"
      : "a port under 1024 needs CAP_NET_BIND_SERVICE";
    return `permission denied (${what})`;
  }
  const resolver = resolverCode(error);
  if (resolver !== null) return `the name has no address (${resolver})`;
  return error instanceof Error ? error.message : String(error);
}

/** What the system's resolver says of a name that it can't find (getaddrinfo(3)), or that it finds nobody to ask about. */
function resolverCode(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "ENOTFOUND" || code.startsWith("EAI_") ? code : null;
}

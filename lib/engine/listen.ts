/**
 * Opening the listeners, all or none.
 *
 * @module
 */
import { type Address, formatAddress, type TcpAddress } from "../base/address.ts";
import { isExhaustion } from "../base/exhaustion.ts";
import { nameProblem } from "../base/name_problem.ts";
import { CannotAdopt } from "./adopt.ts";
import type { Listener } from "./engine.ts";
import {
  ANY,
  ANY_IPV4,
  type AskedPlace,
  type Place,
  resolvePlace,
  withoutCovered,
} from "./places.ts";
import { removeStaleSocket } from "./unix_socket.ts";

/** What of a listener is to be known here. */
type Closable = Pick<Listener, "address" | "close">;

/** A listener that is open, and the address that it was asked for at: its port may be 0. */
export interface Held<Open> {
  readonly at: Address;
  readonly listener: Open;
}

/** Listens at an address, or goes on with what is open there; throws, or rejects, where it can't. */
export type OpenAt<Open> = (place: AskedPlace, holder: Open | null) => Open | Promise<Open>;

/** The listeners, or in `problem` why one of them can't be had; then no new one is left open. */
export type Listening<Open> =
  | { readonly held: readonly Held<Open>[] }
  | { readonly problem: string };

/** How often a free port is asked for that several addresses can share. */
const MAX_PORT_TRIES = 20;

/**
 * Listens at every address: several sockets where it is a name, or all interfaces, that one socket doesn't cover. What is open
 * already at one of them is told of to who opens it; the rest of what is open is left alone.
 */
export async function listenAll<Open extends Closable>(
  configs: readonly AskedPlace[],
  openAt: OpenAt<Open>,
  open: readonly Held<Open>[] = [],
): Promise<Listening<Open>> {
  const held: Held<Open>[] = [];
  const holders = [...open];
  let asked: AskedPlace;
  try {
    const places: Place[] = [];
    for (asked of configs) places.push(await resolvePlace(asked));
    for (const place of withoutCovered(places)) {
      asked = place.asked;
      held.push(...await openPlace(place, openAt, holders));
    }
  } catch (error) {
    await closeAll(without(held, open));
    const { address } = asked!;
    const why = isTaken(error) ? whoHasIt(address, open) : null;
    return {
      problem: `cannot listen on ${formatAddress(address)}: ${why ?? whyNot(error, address)}`,
    };
  }
  return { held };
}

/** A port that is open for another address of this machine, as for all of them: the system doesn't let go of the one before the other is there. */
function whoHasIt(address: Address, open: readonly Held<Closable>[]): string | null {
  const holder = open.map(({ listener }) => listener.address).find((held) =>
    held.transport === "tcp" && address.transport === "tcp" && held.port === address.port
  );
  return holder === undefined
    ? null
    : `${formatAddress(holder)} is open, and to change the address of a port takes a restart`;
}

/** The listeners that are among some, and not among others. */
export function without<Open>(some: readonly Held<Open>[], others: readonly Held<Open>[]): Open[] {
  const left = new Set(others.map(({ listener }) => listener));
  return some.map(({ listener }) => listener).filter((listener) => !left.has(listener));
}

export async function closeAll(listeners: readonly Pick<Listener, "close">[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
}

/**
 * Opens the sockets of one place. Those of its addresses that this machine doesn't have are left out, as long as it has one. Takes
 * from `holders` those that are open at its addresses.
 */
async function openPlace<Open extends Closable>(
  { asked, at }: Place,
  openAt: OpenAt<Open>,
  holders: Held<Open>[],
): Promise<Held<Open>[]> {
  const own = at.map((address) => take(holders, address));
  const open = own.filter((one) => one !== null);
  const [first] = at;
  if (first?.transport === "unix") {
    if (own[0] === null && !asked.handed) await removeStaleSocket(first.path);
    return [{ at: first, listener: await openAt({ ...asked, address: first }, own[0]!) }];
  }
  for (let tries = 1;; tries++) {
    const opened: Held<Open>[] = [];
    try {
      await openTogether(asked, at as readonly TcpAddress[], openAt, own, opened);
      return opened;
    } catch (error) {
      await closeAll(opened.map(({ listener }) => listener).filter((one) => !open.includes(one)));
      // The port that was free for the first of them may be taken for the next.
      const mayShareAnother = at.length > 1 && first?.port === 0 && isTaken(error);
      if (!mayShareAnother || open.length > 0 || tries === MAX_PORT_TRIES) throw error;
    }
  }
}

/** What is open at an address; at port 0, whichever comes first. */
function take<Open>(holders: Held<Open>[], address: Address): Open | null {
  const text = formatAddress(address);
  const index = holders.findIndex(({ at }) => formatAddress(at) === text);
  return index < 0 ? null : holders.splice(index, 1)[0]!.listener;
}

/** Adds to `opened`; rejects with what kept the last address from being opened. */
async function openTogether<Open extends Closable>(
  asked: AskedPlace,
  addresses: readonly TcpAddress[],
  openAt: OpenAt<Open>,
  own: readonly (Open | null)[],
  opened: Held<Open>[],
): Promise<void> {
  let absence: unknown = null;
  // The port that they share.
  let shared = own.find((one) => one !== null)?.address;
  for (const [index, at] of addresses.entries()) {
    const port = shared?.transport === "tcp" ? shared.port : at.port;
    try {
      const listener = await openAt({ ...asked, address: { ...at, port } }, own[index]!);
      shared = listener.address;
      opened.push({ at, listener });
    } catch (error) {
      if (isAbsent(error, at)) absence = error;
      else if (!(isTaken(error) && hasBothFamilies(addresses, opened.length))) throw error;
    }
  }
  if (absence !== null && opened.length === 0) throw absence;
}

/** Whether the socket that is open takes IPv4 as well, and so is who has taken IPv4's address: as the system is set (ipv6(7)). */
function hasBothFamilies(addresses: readonly TcpAddress[], opened: number): boolean {
  return addresses[0]?.hostname === ANY && addresses[1]?.hostname === ANY_IPV4 &&
    opened === 1 && !isIpv6Only();
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
  return hostname.includes(":") && !(error instanceof CannotAdopt) && !isTaken(error) &&
    !isExhaustion(error) &&
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
  return nameProblem(error) ?? (error instanceof Error ? error.message : String(error));
}

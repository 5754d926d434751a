/**
 * Listeners for sockets that are open already: one is opened that hears of nobody, and is given the socket. One of ours begins without any; the
 * runtime opens one at a placeholder's address, and has it taken away again.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { isAtLeast } from "../base/version.ts";
import { hasSocketFile } from "../config/listen.ts";
import { closeDescriptor } from "../sys/descriptors.ts";
import { sharedLibc } from "../sys/libc.ts";
import { deafenAt, findSeat, type Seat } from "../sys/seat.ts";
import type { Listener, Placeholder } from "./engine.ts";

/** A listener can't be given a socket that is open. */
export class CannotAdopt extends Error {
  override readonly name = "CannotAdopt";
}

/** A listener that hears of nobody before it is given a socket. */
export interface Deaf {
  readonly listener: Listener;
  /** Gives it the socket of a descriptor, which is closed. Throws what the system says. */
  give(descriptor: number): void;
}

/** Opens one with `open`, for a socket of an address; `again` gives that anew. Rejects where it can't be had. */
export async function openDeaf(
  address: Address,
  open: (placeholder: Placeholder) => Listener | Promise<Listener>,
  again?: Placeholder["give"],
): Promise<Deaf> {
  const at = () => placeholderFor(address);
  const listener = await open({ at, ...(again !== undefined && { give: again }) });
  const { seat: own } = listener;
  if (own !== undefined) return { listener, give: (descriptor) => own.put(descriptor) };
  try {
    const seat = findSeat(listener.bound);
    if (seat === null) throw new CannotAdopt(cannotAdopt());
    closeDescriptor(seat.take());
    return { listener, give: seat.put };
  } catch (error) {
    await closeDeaf(listener);
    throw error;
  }
}

function placeholderFor({ transport }: Address): Address {
  if (transport === "tcp") return { transport, hostname: "127.0.0.1", port: 0 };
  const { deno } = Deno.version;
  if (isAtLeast(deno, 2, 9)) return { transport, path: `\0wstunnel-${crypto.randomUUID()}` };
  // It lets nobody without all permissions listen at an abstract name.
  throw new CannotAdopt(
    `to take over a unix-domain socket needs Deno 2.9 or newer, this is ${deno}`,
  );
}

/** The way to the socket of a listener that has one; null where there is none. */
export function seatOf({ seat, address }: Listener): Seat | null {
  return seat ?? findSeat(address);
}

/** Has a listener that is about to stop hear of nobody any more, where stopping alone is not enough; false: that can't be done, and it goes on. */
export function deafen({ seat, address }: Listener): boolean {
  return seat !== undefined || deafenAt(address);
}

/** Whether to close a listener would remove the file of a socket that is another's by now: the runtime does. */
export function holdsFile({ seat, bound }: Listener): boolean {
  return seat === undefined && hasSocketFile(bound);
}

/** Closes one that was not given a socket: it has another's address, who goes on. */
export async function closeDeaf(listener: Listener): Promise<void> {
  void listener.stop();
  await listener.close();
}

/** Why a listener can't be given a socket, here. */
export function cannotAdopt(): string {
  return sharedLibc.ok ? "the descriptor of the listener isn't found" : sharedLibc.reason;
}

/**
 * A listener that is to have the socket of another one, with all who wait there to be accepted; `begin()` moves it. Until then that one goes on, and so it
 * does where the new one is closed ({@linkcode closeDeaf}). Rejects where it can't be had.
 */
export async function takeOver(
  from: Listener,
  open: (placeholder: Placeholder) => Listener | Promise<Listener>,
  again?: Placeholder["give"],
): Promise<{ readonly listener: Listener; begin(): void }> {
  if (seatOf(from) === null) throw new CannotAdopt(cannotAdopt());
  const { listener, give } = await openDeaf(from.address, open, again);
  return { listener, begin: () => give(seatOf(from)!.take()) };
}

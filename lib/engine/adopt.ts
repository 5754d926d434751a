/**
 * Listeners for sockets that are open already: one is opened at a placeholder's address, hears of nobody there, and is given the socket.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { isAtLeast } from "../base/version.ts";
import { closeDescriptor } from "../sys/descriptors.ts";
import { sharedLibc } from "../sys/libc.ts";
import { findSeat } from "../sys/seat.ts";
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
  { transport }: Address,
  open: (placeholder: Placeholder) => Listener | Promise<Listener>,
  again?: Placeholder["give"],
): Promise<Deaf> {
  const { deno } = Deno.version;
  if (transport === "unix" && !isAtLeast(deno, 2, 9)) {
    // It lets nobody without all permissions listen at an abstract name.
    throw new CannotAdopt(
      `to take over a unix-domain socket needs Deno 2.9 or newer, this is ${deno}`,
    );
  }
  const at: Address = transport === "tcp"
    ? { transport, hostname: "127.0.0.1", port: 0 }
    : { transport, path: `\0wstunnel-${crypto.randomUUID()}` };
  const listener = await open({ at, ...(again !== undefined && { give: again }) });
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
  const { address } = from;
  if (findSeat(address) === null) throw new CannotAdopt(cannotAdopt());
  const { listener, give } = await openDeaf(address, open, again);
  return { listener, begin: () => give(findSeat(address)!.take()) };
}

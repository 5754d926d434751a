/**
 * Sockets that were handed to us, and where the configuration names them.
 *
 * @module
 */
import {
  type Address,
  formatAddress,
  type HandedAddress,
  STANDARD_INPUT,
} from "../base/address.ts";
import type { ListenEntry } from "../config/config.ts";
import { isSame } from "../config/key.ts";
import type { AskedPlace } from "../engine/places.ts";
import type { Handed, HandedSocket } from "../sys/handed.ts";

/** The places of all entries, or in `problem` why one of them has none. */
export function placesOf(
  entries: readonly ListenEntry[],
  handed: Handed,
): { readonly places: readonly AskedPlace[] } | { readonly problem: string } {
  const places: AskedPlace[] = [];
  for (const { address, ...entry } of entries) {
    if (address.transport !== "fd") {
      // Of a socket's file nobody may ask whether somebody listens there: it is we.
      const isHanded = address.transport === "unix" &&
        handed.sockets.some(({ at }) => isSame(at, address));
      places.push({ ...entry, address, handed: isHanded });
      continue;
    }
    const found = find(address, handed);
    if ("problem" in found) {
      return { problem: `cannot listen on ${formatAddress(address)}: ${found.problem}` };
    }
    places.push(...found.at.map((address) => ({ ...entry, address, handed: true })));
  }
  return { places };
}

function find(
  { name }: HandedAddress,
  { sockets, why, standardInput }: Handed,
): { readonly at: readonly Address[] } | { readonly problem: string } {
  if (name === String(STANDARD_INPUT)) {
    const { at } = standardInput();
    return "problem" in at ? { problem: `standard input: ${at.problem}` } : { at: [at] };
  }
  if (sockets.length === 0) return { problem: `no descriptor was handed over (${why})` };
  const isNumber = /^\d+$/.test(name);
  const named = sockets.filter((one) =>
    isNumber ? one.descriptor === Number(name) : one.name === name
  );
  if (named.length === 0) {
    return { problem: `what was handed over is ${sockets.map(nameOf).join(", ")}` };
  }
  const at: Address[] = [];
  for (const one of named) {
    if ("problem" in one.at) return { problem: `${nameOf(one)} can't be used: ${one.at.problem}` };
    at.push(one.at);
  }
  return { at };
}

/** Of the sockets that were handed over those at which nobody listens, in words that say what to do; null: there are none. */
export function unusedProblem({ sockets }: Handed, used: readonly Address[]): string | null {
  const unused = sockets.filter(({ at }) => !used.some((address) => isSame(address, at)));
  if (unused.length === 0) return null;
  const words = unused.map((one) =>
    "problem" in one.at
      ? `${nameOf(one)}: ${one.at.problem}`
      : `${nameOf(one)} at ${formatAddress(one.at)}`
  );
  const usable = unused.find(({ at }) => !("problem" in at));
  const remedy = usable === undefined ? "" : `; listen = "fd:${usable.descriptor}" does`;
  return `nothing is to listen at what was handed over (LISTEN_FDS): ${words.join(", ")}${remedy}`;
}

function nameOf({ descriptor, name }: HandedSocket): string {
  return `fd:${descriptor}${name === "" || name === "unknown" ? "" : ` (fd:${name})`}`;
}

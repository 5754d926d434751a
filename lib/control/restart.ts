/**
 * What a reload can't change: it stays as it was, and each reload tells of it until there is a restart.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import { difference } from "./difference.ts";

/** By what they are called inside: what all tunnels are made of at the start. */
export const AT_THE_START = ["bufferBytes", "workers"] as const satisfies readonly (keyof Config)[];

/** What a configuration comes to in a program that runs by another, and in words what of it waits for a restart. */
export function untilRestart(
  running: Config,
  asked: Config,
): { readonly holds: Config; readonly waits: readonly string[] } {
  const stays = Object.fromEntries(AT_THE_START.map((name) => [name, running[name]]));
  const holds: Config = { ...asked, ...stays };
  return { holds, waits: difference(holds, asked).map((change) => `${change}: takes a restart`) };
}

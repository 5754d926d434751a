/**
 * The loop that a configuration's listeners share, and what opens them: loaded where one is asked for.
 *
 * @module
 */
import type { ListenConfig } from "../../config/config.ts";
import { sharedLibc } from "../../sys/libc.ts";
import type { Door } from "../door.ts";
import type { EngineOptions, Listener, Placeholder } from "../engine.ts";
import { type BesideRuntime, startBesideRuntime } from "./beside_runtime.ts";
import { listenLoop } from "./listen.ts";

export interface LoopListeners {
  /** Listens at an address, or for a socket that it is to be given; throws where it can't. */
  listen(place: ListenConfig, placeholder: Placeholder | null): Listener;
  /** Ends the loop; to be called once none of its tunnels is left. */
  close(): Promise<void>;
}

/** Gives why there is no loop to be had, where there is none: no descriptors may be left for it. */
export function createLoopListeners(
  door: Door,
  options: EngineOptions,
): LoopListeners | { readonly problem: string } {
  const beside = start(options);
  if ("problem" in beside) return beside;
  return {
    listen: (place, placeholder) =>
      listenLoop(place, door, { ...options, loop: beside.loop }, placeholder),
    close: beside.close,
  };
}

function start({ emit }: EngineOptions): BesideRuntime | { readonly problem: string } {
  if (!sharedLibc.ok) return { problem: sharedLibc.reason };
  try {
    return startBesideRuntime(sharedLibc.libc, {
      onDefect: (error) => emit({ kind: "defect", error }),
    });
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

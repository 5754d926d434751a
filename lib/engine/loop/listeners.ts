/**
 * The loop that a configuration's listeners share, and what opens them: loaded where one is asked for.
 *
 * @module
 */
import type { ListenConfig } from "../../config/config.ts";
import { sharedLibc } from "../../sys/libc.ts";
import type { Door } from "../door.ts";
import type { EngineOptions, Listener, Placeholder } from "../engine.ts";
import { startBesideRuntime } from "./beside_runtime.ts";
import { listenLoop } from "./listen.ts";

export interface LoopListeners {
  /** Listens at an address, or at a placeholder's; throws where it can't. */
  listen(place: ListenConfig, at: Placeholder | null): Listener;
  /** Ends the loop; to be called once none of its tunnels is left. */
  close(): Promise<void>;
}

/** Throws what the system says, where there is no loop to be had. */
export function createLoopListeners(door: Door, options: EngineOptions): LoopListeners {
  if (!sharedLibc.ok) throw new Error(`engine = "loop": ${sharedLibc.reason}`);
  const onDefect = (error: unknown) => options.emit({ kind: "defect", error });
  const beside = startBesideRuntime(sharedLibc.libc, { onDefect });
  return {
    listen(place, at) {
      if (at !== null) throw new Error("it can't be given a socket yet");
      return listenLoop(place, door, { ...options, loop: beside.loop });
    },
    close: beside.close,
  };
}

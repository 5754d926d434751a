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
import { Brevity } from "./workers/brevity.ts";
import { createWorkers, type Workers } from "./workers/workers.ts";
import { createYoungTunnels, type YoungTunnels } from "./workers/young.ts";

export interface LoopListeners {
  /** Listens at an address, or for a socket that it is to be given; throws where it can't. */
  listen(place: ListenConfig, placeholder: Placeholder | null): Listener;
  /** How many tunnels each worker carries. */
  workerLoads(): readonly number[];
  /** Ends the loop; to be called once none of its tunnels is left. */
  close(): Promise<void>;
}

/** `most`: how many workers there may be. Gives why there is no loop to be had, where there is none: no descriptors may be left for it. */
export function createLoopListeners(
  door: Door,
  options: EngineOptions,
  most: number,
): LoopListeners | { readonly problem: string } {
  const started = start(options, most);
  if ("problem" in started) return started;
  const { loop, workers, young, close } = started;
  const loopOptions = { ...options, loop, ...(young && { young }) };
  return {
    listen: (place, placeholder) => listenLoop(place, door, loopOptions, placeholder),
    workerLoads: workers.loads,
    close,
  };
}

interface Started extends BesideRuntime {
  readonly workers: Workers;
  /** Null: there are to be no workers. */
  readonly young: YoungTunnels | null;
}

function start(options: EngineOptions, most: number): Started | { readonly problem: string } {
  if (!sharedLibc.ok) return { problem: sharedLibc.reason };
  const { libc } = sharedLibc;
  try {
    const onDefect = (error: unknown) => options.emit({ kind: "defect", error });
    const beside = startBesideRuntime(libc, { onDefect });
    const { loop } = beside;
    const workers = createWorkers({ ...options, libc, loop, most });
    const young = most > 0
      ? createYoungTunnels({ ...options, loop, workers, brevity: new Brevity(), onDefect })
      : null;
    return {
      loop,
      workers,
      young,
      async close() {
        young?.close();
        await workers.close();
        await beside.close();
      },
    };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

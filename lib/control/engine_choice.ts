/**
 * Which engine carries the tunnels of plain listeners: the one that was asked for, or by `auto` the best that there is.
 *
 * @module
 */
import type { Config, EngineName } from "../config/config.ts";
import { sharedLibc } from "../sys/libc.ts";

export interface EngineChoice {
  readonly engine: EngineName;
  /** Why it is not the one that would be better; null: it is. */
  readonly why: string | null;
}

/**
 * Why there can be no loop here; null: there can. Its system calls are all among those that the runtime itself makes (strace, 2.4.2 and 2.9.6), so that no
 * filter that lets us run forbids them.
 */
export const noLoop: string | null = sharedLibc.ok ? null : sharedLibc.reason;

/** They share the machine with clients and backends. */
const MOST_WORKERS = 4;

/** How many threads may carry the tunnels of a configuration, beside the main one. */
export function workersOf({ engine, workers }: Pick<Config, "engine" | "workers">): number {
  if (chooseEngine(engine).engine !== "loop") return 0;
  return workers ?? Math.min(navigator.hardwareConcurrency, MOST_WORKERS);
}

/** Of a configuration's `engine`. */
export function chooseEngine(asked: Config["engine"], why = noLoop): EngineChoice {
  if (asked !== "auto") return { engine: asked, why: null };
  return { engine: why === null ? "loop" : "stream", why };
}

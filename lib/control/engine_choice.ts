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

/** Of a configuration's `engine`; `loop` is there on Linux, through FFI. */
export function chooseEngine(asked: Config["engine"]): EngineChoice {
  if (asked !== "auto") return { engine: asked, why: null };
  return sharedLibc.ok
    ? { engine: "loop", why: null }
    : { engine: "stream", why: `there is no loop: ${sharedLibc.reason}` };
}

/** The engines that a test composes itself: those that a configuration can ask for, and `loop` where it can run. */
import { sharedLibc } from "../../lib/sys/libc.ts";
import { type Engine, ENGINES, testersFor } from "../e2e/engine_limits.ts";

const isChosen = Deno.env.has("WSTUNNEL_ENGINES");

const DRIVERS: readonly Engine[] = isChosen || !sharedLibc.ok ? ENGINES : [...ENGINES, "loop"];

export const { testEngines, testEnginesThat, testEnginesWithout } = testersFor(DRIVERS);

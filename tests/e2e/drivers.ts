/** Tests of how bytes are moved and connections end, for each engine that there is. */
import { DRIVERS, testersFor } from "./engine_limits.ts";

export const { testEngines, testEnginesThat, testEnginesWithout } = testersFor(DRIVERS);

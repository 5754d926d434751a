import type { Breather } from "../../lib/base/breather.ts";

/** For where nobody else waits. */
export const NO_BREATHER: Breather = { after: () => null, close: () => Promise.resolve() };

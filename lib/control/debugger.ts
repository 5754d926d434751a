/**
 * What the log, or the exit code, says of SIGUSR1 and the runtime's debugger.
 *
 * @module
 */
import type { Logger } from "../base/logger.ts";
import { debuggerListens, sigusr1 } from "../sys/debugger.ts";

/** A signal from before we were heard is dealt with by then. */
const SETTLE_MS = 200;

/** Warns where SIGUSR1 does harm; gives why the program must not go on, null when it may. */
export async function debuggerProblem(log: Logger): Promise<string | null> {
  if (!sigusr1.ok) {
    const { reason } = sigusr1;
    // An executable has no debugger: the signal does what it does to any program.
    const effect = Deno.build.standalone
      ? "SIGUSR1 ends the program"
      : "never send SIGUSR1: it opens the runtime's debugger, by which any local user can run code as ours";
    log.warn(effect, { reason });
    return null;
  }
  if (!sigusr1.late) return null;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  if (!debuggerListens()) return null;
  return "SIGUSR1 has opened the runtime's debugger while this was being loaded, and nothing closes it: start again";
}

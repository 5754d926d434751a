/**
 * What is told, or the exit code says, of SIGUSR1 and the runtime's debugger.
 *
 * @module
 */
import type { Emit } from "../events/events.ts";
import { debuggerListens, sigusr1 } from "../sys/debugger.ts";

/** A signal from before we were heard is dealt with by then. */
const SETTLE_MS = 200;

/** Warns where SIGUSR1 does harm, and tells whether the program must not go on: then the debugger is open. */
export async function isDebuggerOpen(emit: Emit): Promise<boolean> {
  if (!sigusr1.ok) {
    // An executable has no debugger: the signal does what it does to any program.
    const { standalone } = Deno.build;
    emit({ kind: "sigusr1-unguarded", standalone, reason: sigusr1.reason });
    return false;
  }
  if (!sigusr1.late) return false;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  if (!debuggerListens()) return false;
  emit({ kind: "debugger-open" });
  return true;
}

/**
 * Ending a process and whatever it has started.
 *
 * @module
 */
import { within } from "../base/within.ts";

/** How long each signal has before the next, stronger one. */
export const STOP_STEP_MS = 2000;

/** Sends a signal to a process, or with a negative id to a group; false when there is none. */
function sendSignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks the leader of a process group to end with `killSignal`, then its whole group with SIGTERM, then with SIGKILL.
 * Resolves once `exited` does, the leader's end.
 */
export async function stopLeader(
  pid: number,
  killSignal: Deno.Signal,
  exited: Promise<unknown>,
): Promise<void> {
  sendSignal(pid, killSignal);
  if (await within(exited, STOP_STEP_MS)) return;
  sendSignal(-pid, "SIGTERM");
  if (await within(exited, STOP_STEP_MS)) return;
  sendSignal(-pid, "SIGKILL");
  await exited;
}

/** Ends what is left of a process group whose leader has ended; resolves when it is gone or has been killed. */
export async function stopGroup(pid: number): Promise<void> {
  if (!sendSignal(-pid, "SIGTERM")) return;
  const deadline = performance.now() + STOP_STEP_MS;
  // Nobody tells us when a grandchild ends.
  for (let pauseMs = 5; performance.now() < deadline; pauseMs = Math.min(pauseMs * 2, 100)) {
    await new Promise((done) => setTimeout(done, pauseMs));
    if (!sendSignal(-pid, "SIGCONT")) return;
  }
  sendSignal(-pid, "SIGKILL");
}

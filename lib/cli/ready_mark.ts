/**
 * In the background: whoever started us there is told that we are ready.
 *
 * @module
 */
import type { Sink } from "../events/events.ts";
import { leaveStandardError } from "../sys/standard_error.ts";

/** The variable with what is to be printed then; there in the background alone. */
export const READY_MARK = "WSTUNNEL_READY_MARK";

/** Prints the mark behind all that was printed before, once, and leaves standard error, which nobody reads from then on. */
export function createReadySink(
  mark: string,
  writeError: (text: string) => void,
  flushed: () => Promise<void>,
): Sink {
  // No program that we start is to know of it.
  Deno.env.delete(READY_MARK);
  const tell = async () => {
    await flushed();
    writeError(mark);
    leaveStandardError();
  };
  return {
    take({ kind }) {
      if (kind === "ready") void tell();
    },
    wants: () => false,
  };
}

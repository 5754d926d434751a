/** Waiting for what must come, with a deadline, never for luck. */

/** How long anything in these tests may take that is not slow on purpose; generous, since machines are shared. */
export const DEADLINE_MS = 20_000;

const PAUSE_MS = 5;

/** Waits until `probe` gives something that is true, and gives it; fails past the deadline, naming what was waited for. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Waits for a promise; past the deadline calls `giveUp`, which must make the promise settle so that nothing is left over,
 * and fails, naming what was waited for.
 */
export async function inTime<T>(
  what: string,
  promise: Promise<T>,
  giveUp: () => void,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    giveUp();
  }, deadlineMs);
  const tooLate = () => new Error(`not within ${deadlineMs} ms: ${what}`);
  try {
    const value = await promise;
    if (late) throw tooLate();
    return value;
  } catch (error) {
    throw late ? tooLate() : error;
  } finally {
    clearTimeout(timer);
  }
}

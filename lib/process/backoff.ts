/**
 * How long a program that failed waits for its next start.
 *
 * @module
 */

/** A program is not started twice within this time. */
const MIN_START_INTERVAL_MS = 1000;

const MAX_BACKOFF_MS = 30_000;

/** A run of this length clears the failures before it. */
export const STEADY_RUN_MS = MAX_BACKOFF_MS;

/**
 * The wait before the next start after `failures` runs in a row that never came up or ended early: none for the first,
 * then 1, 2, 4 .. 30 s; never within a second of the last start.
 */
export function restartDelayMs(failures: number, sinceLastStartMs: number): number {
  const backoffMs = failures < 2 ? 0 : Math.min(1000 * 2 ** (failures - 2), MAX_BACKOFF_MS);
  return Math.max(backoffMs, MIN_START_INTERVAL_MS - sinceLastStartMs, 0);
}

/**
 * Seconds, as users give them, and milliseconds, as the program keeps them.
 *
 * @module
 */

/** Rounds to whole milliseconds; what is above 0 stays above it, since 0 often means "off". */
export function secondsToMs(seconds: number): number {
  return seconds === 0 ? 0 : Math.max(1, Math.round(seconds * 1000));
}

/** The seconds that {@linkcode secondsToMs} turns into the same milliseconds. */
export function msToSeconds(ms: number): number {
  return ms / 1000;
}

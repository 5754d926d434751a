/**
 * Times as people are told them.
 *
 * @module
 */

/** To the minute: `2026-11-28 17:40 UTC`. */
export function formatMinute(time: Date): string {
  return time.toISOString().slice(0, 16).replace("T", " ") + " UTC";
}

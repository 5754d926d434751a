/**
 * How much is logged, and in which form.
 *
 * @module
 */

export type LogFormat = "text" | "json";

/** What the levels are called, each at the place of its number. */
export const LEVEL_NAMES = ["none", "error", "warning", "info", "debug"] as const;

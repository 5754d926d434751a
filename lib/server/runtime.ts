/**
 * What an older runtime can't do: told at the start, so that nobody has to find out.
 *
 * @module
 */
import type { EngineName } from "../config/config.ts";

/** Whether a version such as `2.9.6` is `major.minor` or newer. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [ours = 0, less = 0] = version.split(".").map(Number);
  return ours > major || (ours === major && less >= minor);
}

/** What doesn't hold on this Deno, a sentence each. Measured on 2.4.2; 2.9.6 has none of it. */
export function runtimeLimits(version: string, engine: EngineName): string[] {
  if (isAtLeast(version, 2, 9)) return [];
  const limits = [
    "this Deno can't cut a write off: a peer that stops reading holds its tunnel until it reads on or leaves",
  ];
  if (engine === "native") {
    limits.push("the native engine on this Deno sends a second Close: engine = stream doesn't");
  }
  return limits;
}

/**
 * What makes a process the same one under other settings: whatever else changes needs no other process.
 *
 * @module
 */
import type { LaunchOptions } from "./launch.ts";

type Identifying = "command" | "environment" | "handover" | "listenBacklog";

/** The identity of a program at its address; may hold secrets. */
export function processIdentity(
  { command, environment, handover, listenBacklog }: Pick<LaunchOptions, Identifying>,
): string {
  // The order in which variables were written makes no difference.
  const variables = Object.entries(environment).sort(([a], [b]) => a < b ? -1 : 1);
  // A program that makes its socket itself isn't told of the backlog.
  return JSON.stringify([command, variables, handover, handover === "none" ? null : listenBacklog]);
}

/**
 * The end of the program: tunnels first, then the programs that served them, all within the grace time.
 *
 * @module
 */
import { within } from "../base/within.ts";
import type { Hosts } from "../backend/hosts.ts";
import type { Emit } from "../events/events.ts";
import type { Listeners } from "./listeners.ts";
import type { Registry } from "./registry.ts";

/** Of the grace time, what is kept for stopping programs. */
const STOP_RESERVE_MS = 2_000;

export interface DrainOptions {
  readonly graceMs: number;
  /** Whether there are programs to be stopped after the tunnels. */
  readonly startsPrograms: boolean;
  /** Resolves when somebody hurries. */
  readonly hurried: Promise<void>;
  readonly emit: Emit;
}

/**
 * Ends every tunnel with 1001. Gives up when somebody hurries, or when the rest of the grace time is the programs': the
 * tunnels left are cut off as the program exits.
 */
export async function drain(
  listeners: Pick<Listeners, "close">,
  registry: Registry,
  { graceMs, startsPrograms, hurried, emit }: DrainOptions,
): Promise<void> {
  const reserveMs = startsPrograms ? stopReserveMs(graceMs) : 0;
  const drained = endTunnels(listeners, registry);
  if (await within(Promise.race([drained, hurried]), graceMs - reserveMs)) return;
  emit({ kind: "grace-over", tunnels: registry.size });
}

async function endTunnels(
  listeners: Pick<Listeners, "close">,
  registry: Registry,
): Promise<void> {
  const closing = listeners.close();
  await Promise.all([registry.endAll("shutdown"), closing]);
  // Once more after the listeners are done: an upgrade under way may have become a tunnel meanwhile.
  await registry.endAll("shutdown");
}

/**
 * Stops every program, by a deadline on the clock of `performance.now()`; those left are killed as we exit. When the deadline
 * has passed while the process was stopped, they have their reserve all the same.
 */
export async function stopPrograms(
  hosts: Pick<Hosts, "stop">,
  graceMs: number,
  deadlineMs: number,
): Promise<void> {
  await within(hosts.stop(), Math.max(deadlineMs - performance.now(), stopReserveMs(graceMs)));
}

function stopReserveMs(graceMs: number): number {
  return Math.min(graceMs / 4, STOP_RESERVE_MS);
}

/**
 * The end of the program: tunnels first, which may end by themselves within the drain time, and are told to within the grace time; then
 * the programs that served them, within the rest of that.
 *
 * @module
 */
import { within } from "../base/within.ts";
import type { Hosts } from "../backend/hosts.ts";
import type { Events } from "../events/events.ts";
import type { Listeners } from "./listeners.ts";
import type { Registry } from "./registry.ts";

/** Of the grace time, what is kept for stopping programs. */
const STOP_RESERVE_MS = 2_000;

export interface DrainOptions {
  /** How long tunnels may go on. */
  readonly drainMs: number;
  readonly graceMs: number;
  /** Whether there are programs to be stopped after the tunnels. */
  readonly startsPrograms: boolean;
  /** Tunnels go on to their own ends, until somebody hurries. */
  readonly patient: boolean;
  /** Resolves when somebody hurries, from the call on. */
  readonly hurried: () => Promise<void>;
  readonly events: Events;
}

/**
 * Closes the listeners, lets tunnels end by themselves, ends those left with 1001, and cuts off whose ends don't come. Whoever hurries goes
 * on to the next of these at once. Gives until when programs may take to stop, on the clock of `performance.now()`.
 */
export async function drain(
  listeners: Pick<Listeners, "close">,
  registry: Registry,
  options: DrainOptions,
): Promise<number> {
  const { graceMs, startsPrograms, hurried, events } = options;
  const closing = listeners.close();
  const isOver = options.patient && await untilOver(closing, registry, hurried);
  if (options.drainMs > 0 && !isOver) await letTunnelsEnd(closing, registry, options);
  const deadlineMs = performance.now() + graceMs;
  const reserveMs = startsPrograms ? stopReserveMs(graceMs) : 0;
  const ended = endTunnels(closing, registry);
  const isInTime = await within(Promise.race([ended, hurried()]), graceMs - reserveMs);
  if (!isInTime) events.emit({ kind: "grace-over", tunnels: registry.size });
  await cutTunnels(registry, events);
  return deadlineMs;
}

/** False: somebody hurries. */
async function untilOver(
  closing: Promise<void>,
  registry: Registry,
  hurried: DrainOptions["hurried"],
): Promise<boolean> {
  const over = closing.then(() => registry.emptied()).then(() => true);
  return await Promise.race([over, hurried().then(() => false)]);
}

async function letTunnelsEnd(
  closing: Promise<void>,
  registry: Registry,
  { drainMs, hurried, events: { emit } }: DrainOptions,
): Promise<void> {
  emit({ kind: "draining", milliseconds: drainMs, tunnels: registry.size });
  // An upgrade under way may become a tunnel until the listeners are done.
  const ended = closing.then(() => registry.emptied());
  await within(Promise.race([ended, hurried()]), drainMs);
  if (registry.size > 0) emit({ kind: "drain-over", tunnels: registry.size });
}

async function endTunnels(closing: Promise<void>, registry: Registry): Promise<void> {
  await Promise.all([registry.endAll("shutdown"), closing]);
  // Once more after the listeners are done: an upgrade under way may have become a tunnel meanwhile.
  await registry.endAll("shutdown");
}

/** So many are cut off at once, the next when their lines are out: the log has room for all, however many there are. */
const CUT_AT_ONCE = 500;

/** How long, in all, these may take to be told of, by the threads that carry them as well, and somebody to read the lines. */
const LAST_LINES_MS = 1_000;

async function cutTunnels(registry: Registry, events: Events): Promise<void> {
  const deadlineMs = performance.now() + LAST_LINES_MS;
  const inTime = (done: Promise<void>) => within(done, Math.max(deadlineMs - performance.now(), 0));
  let left = registry.size;
  let count = 0;
  for (const tunnel of registry) {
    tunnel.cut();
    if (++count % CUT_AT_ONCE > 0) continue;
    left -= CUT_AT_ONCE;
    await inTime(registry.emptied(left));
    await inTime(events.flushed());
  }
  await inTime(registry.emptied());
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

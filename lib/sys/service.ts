/**
 * What a service manager tells us by the environment (sd_notify(3), sd_watchdog_enabled(3)). It is for us alone: programs that we start would
 * speak in our name.
 *
 * @module
 */

export interface ServiceManager {
  /** Where it is told of us: `/path`, or `@name`. */
  readonly socket: string;
  /** How often at least it is to hear of us; null: it doesn't ask. */
  readonly watchdogMs: number | null;
}

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/** Takes it out of the environment; null: none manages us, or none that is to be told. */
export function takeServiceManager(): ServiceManager | null {
  const [socket, usec, pid] = VARIABLES.map((name) => Deno.env.get(name));
  for (const name of VARIABLES) Deno.env.delete(name);
  if (!socket) return null;
  const isOurs = pid === undefined || pid === String(Deno.pid);
  const watchdogMs = Number(usec) / 1000;
  return { socket, watchdogMs: isOurs && watchdogMs > 0 ? watchdogMs : null };
}

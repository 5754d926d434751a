/**
 * The table of hosts and procs that SIGUSR2 puts into the log: one line each, so that it can be searched and, as JSON,
 * read by a program.
 *
 * @module
 */
import type { Logger } from "../base/logger.ts";
import type { Pool } from "../backend/backend.ts";

/** Logs, whatever the level, how many lines follow, and a line for each proc of each host. */
export function logReport(pools: Iterable<Pool>, openTunnels: number, log: Logger): void {
  const rows = [...pools].flatMap((pool) => pool.report());
  log.answer("report", { openTunnels, backends: rows.length });
  for (const { disabledUntil, pid, ...row } of rows) {
    log.answer("backend", {
      ...row,
      pid: pid ?? undefined,
      disabledUntil: disabledUntil === null ? undefined : new Date(disabledUntil).toISOString(),
    });
  }
}

/**
 * What SIGUSR2 puts into the log: the table of hosts and procs, and the open tunnels. A line for each, so that it can be searched and, as
 * JSON, read by a program.
 *
 * @module
 */
import type { LogFields, OpenedLog } from "../base/logger.ts";
import type { Pool } from "../backend/backend.ts";
import type { Registry } from "./registry.ts";
import { progressOf } from "./tunnel_fields.ts";

/**
 * So many lines are written at once, which takes a few milliseconds; the next when these are out, so that the log has room for all however many
 * tunnels there are.
 */
const LINES_AT_ONCE = 200;

type Line = readonly [message: string, fields: LogFields];

/**
 * Makes what writes a report, whatever the level, with how many lines of each kind follow at its beginning. Asked while one is being
 * written it writes another behind that; as long as nobody reads the log it waits.
 */
export function createReport(
  pools: readonly Pool[],
  registry: Registry,
  log: Pick<OpenedLog, "answer" | "flushed">,
): () => void {
  let asked = false;
  let writing = false;
  const write = async () => {
    while (asked) {
      asked = false;
      let count = 0;
      for (const [message, fields] of linesOf(pools, registry)) {
        log.answer(message, fields);
        if (++count % LINES_AT_ONCE === 0) await log.flushed();
      }
    }
    writing = false;
  };
  return () => {
    asked = true;
    if (writing) return;
    writing = true;
    void write();
  };
}

function* linesOf(pools: readonly Pool[], registry: Registry): Generator<Line> {
  const rows = pools.flatMap((pool) => pool.report());
  const last = registry.lastId;
  yield ["report", { openTunnels: registry.size, backends: rows.length }];
  for (const { disabledUntil, pid, ...row } of rows) {
    yield ["backend", {
      ...row,
      pid: pid ?? undefined,
      disabledUntil: disabledUntil === null ? undefined : new Date(disabledUntil).toISOString(),
    }];
  }
  let tunnels = 0;
  // In the order they were opened. One that has ended meanwhile is none any more; those opened since then could go on for ever.
  for (const tunnel of registry) {
    if (tunnel.id > last) break;
    tunnels++;
    yield ["tunnel", progressOf(tunnel)];
  }
  yield ["end of report", { tunnels }];
}

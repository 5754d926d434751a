/**
 * What SIGUSR2 asks for: the table of hosts and procs, and the open tunnels. An event for each, so that the log can be
 * searched and, as JSON, read by a program.
 *
 * @module
 */
import type { ProcReport, ReportEvent } from "../events/event.ts";
import type { Events } from "../events/events.ts";
import type { Registry } from "./registry.ts";
import { progressOf } from "./progress.ts";

/**
 * So many are told at once, which takes a few milliseconds; the next when these are out, so that the log has room for all however many
 * tunnels there are.
 */
const EVENTS_AT_ONCE = 200;

/**
 * Makes what gives a report, with how many rows of each kind follow at its beginning. Asked while one is being
 * given it gives another behind that; as long as nobody reads the log it waits.
 */
export function createReport(
  backends: () => readonly ProcReport[],
  registry: Registry,
  { emit, flushed }: Pick<Events, "emit" | "flushed">,
): () => void {
  let asked = false;
  let giving = false;
  const give = async () => {
    while (asked) {
      asked = false;
      let count = 0;
      for (const event of eventsOf(backends(), registry)) {
        emit(event);
        if (++count % EVENTS_AT_ONCE === 0) await flushed();
      }
    }
    giving = false;
  };
  return () => {
    asked = true;
    if (giving) return;
    giving = true;
    void give();
  };
}

function* eventsOf(rows: readonly ProcReport[], registry: Registry): Generator<ReportEvent> {
  const last = registry.lastId;
  yield { kind: "report-begun", openTunnels: registry.size, backends: rows.length };
  for (const row of rows) yield { kind: "report-backend", ...row };
  let tunnels = 0;
  // In the order they were opened. One that has ended meanwhile is none any more; those opened since then could go on for ever.
  for (const tunnel of registry) {
    if (tunnel.id > last) break;
    tunnels++;
    yield { kind: "report-tunnel", ...progressOf(tunnel) };
  }
  yield { kind: "report-ended", tunnels };
}

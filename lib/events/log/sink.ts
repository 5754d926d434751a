/**
 * The log as a sink of events: nothing else writes to it.
 *
 * @module
 */
import type { Logger, OpenedLog } from "../../base/logger.ts";
import { isWarning } from "../../tunnel/cause.ts";
import type { Event } from "../event.ts";
import type { Sink } from "../events.ts";
import { classOf, lineOf } from "./lines.ts";
import { CLIENTS_KINDS, createRepeats, OWN_KINDS } from "./repeats.ts";

/** `access`: where lines of clients go, if not where the others do. */
export function createLogSink(
  log: Logger & Pick<OpenedLog, "flushed">,
  access: Logger = log,
): Sink {
  // Apart, wherever they go: what clients make up takes no place of ours.
  const own = { log, repeats: createRepeats(log, OWN_KINDS) };
  const clients = { log: access, repeats: createRepeats(access, CLIENTS_KINDS) };
  const places = { own, output: own, access: clients };
  return {
    take(event) {
      if (isOrdinary(event) && !access.informs) return;
      const line = lineOf(event);
      if (line === null) return;
      const { log, repeats } = places[classOf(event.kind)];
      const { level, message, fields, summary } = line;
      if (summary === undefined || repeats.admits({ ...line, summary })) {
        log[level](message, fields);
      }
    },
    wants(kind) {
      const { log } = places[classOf(kind)];
      return kind === "frame" ? log.debugs : log.informs;
    },
    flushed: log.flushed,
    close() {
      own.repeats.close();
      clients.repeats.close();
    },
  };
}

/** What is told of each tunnel, as information: a line that nobody sees is not made, which takes as long as the request's head to be read. */
function isOrdinary(event: Event): boolean {
  return event.kind === "tunnel-opened" ||
    (event.kind === "tunnel-closed" && !isWarning(event.cause));
}

/**
 * The log as a sink of events: nothing else writes to it.
 *
 * @module
 */
import type { OpenedLog } from "../../base/logger.ts";
import type { Sink } from "../events.ts";
import { lineOf } from "./lines.ts";
import { createRepeats } from "./repeats.ts";

export function createLogSink(log: OpenedLog): Sink {
  const repeats = createRepeats(log);
  return {
    take(event) {
      const line = lineOf(event);
      if (line === null) return;
      const { level, message, fields, summary } = line;
      if (summary === undefined || repeats.admits(summary)) log[level](message, fields);
    },
    wants: (kind) => kind === "frame" ? log.debugs : log.informs,
    flushed: log.flushed,
    close: repeats.close,
  };
}

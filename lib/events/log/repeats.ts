/**
 * Lines of what anybody can cause as fast as he can connect, so that what repeats is summed up: each kind writes a burst of lines, then one
 * a second, and the rest of that second are one line with their number.
 *
 * @module
 */
import type { Logger } from "../../base/logger.ts";
import { createRateGate } from "../../base/rate_gate.ts";
import { MORE_REFUSED } from "./access_lines.ts";
import type { Line, Summary } from "./line.ts";

/**
 * A burst is what a page with some frames makes, or a few clients that come again: it is seen line by line. A flood that goes on writes one
 * line and one number a second, some 500 bytes, 45 MB a day.
 */
const GATE = { burst: 20, perSecond: 1 };

/** How many kinds of lines are told apart: of what clients may make up without end. */
export const CLIENTS_KINDS = 32;

/** And of our own, as many as the configuration has routes and backends. */
export const OWN_KINDS = Infinity;

/** How soon a line tells how many were held back. */
const SUMMARY_MS = 1_000;

/** A line that many can stand for. */
export type Repeated = Line & { readonly summary: Summary };

export interface Repeats {
  /** Whether a line is to be written; it is counted where not, together with those of the same summary. */
  admits(line: Repeated): boolean;
  /** Writes at once what is yet to be told, and keeps no timer. */
  close(): void;
}

/** From the one that is looked at last to the one that is looked at first. */
const LEVELS: readonly Line["level"][] = ["debug", "answer", "info", "warn", "error"];

/** What is to be said of the lines that were held back. */
interface Held {
  readonly summary: Summary;
  /** The most urgent of theirs: who sees them sees how many there were. */
  readonly level: Line["level"];
}

/** At debug level every line is written: that is what the level is for. */
export function createRepeats(log: Logger, maxKinds: number): Repeats {
  const gate = createRateGate({ ...GATE, maxKinds });
  const held = new Map<string, Held>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sinceMs = 0;
  const tell = () => {
    timer = undefined;
    const nowMs = performance.now();
    const seconds = Math.round((nowMs - sinceMs) / 1000);
    for (const [kind, count] of gate.takeHeld(nowMs)) {
      const { level, summary } = held.get(kind) ?? OTHERS;
      const { message, fields, now } = summary;
      log[level](message, { ...fields, ...(now !== undefined && { now }), count, seconds });
    }
    held.clear();
  };
  const hold = (kind: string, { level, summary }: Repeated) => {
    // Kinds that are not told apart have no more than their number.
    if (!held.has(kind) && held.size >= maxKinds) return;
    const before = held.get(kind)?.level ?? level;
    const isMoreUrgent = LEVELS.indexOf(level) > LEVELS.indexOf(before);
    held.set(kind, { summary, level: isMoreUrgent ? level : before });
  };
  return {
    admits(line) {
      const nowMs = performance.now();
      const { message, fields } = line.summary;
      const kind = JSON.stringify([message, fields]);
      if (log.debugs || gate.admits(kind, nowMs)) return true;
      hold(kind, line);
      if (timer !== undefined) return false;
      sinceMs = nowMs;
      timer = setTimeout(tell, SUMMARY_MS);
      // The program's end doesn't wait for it.
      Deno.unrefTimer(timer);
      return false;
    },
    close() {
      if (timer === undefined) return;
      clearTimeout(timer);
      tell();
    },
  };
}

/** More kinds at once than are told apart, as of methods that somebody makes up. */
const OTHERS: Held = { level: "info", summary: { message: MORE_REFUSED, fields: {} } };

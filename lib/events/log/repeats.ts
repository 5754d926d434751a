/**
 * Lines of what anybody can cause as fast as he can connect, so that what repeats is summed up: each kind writes a burst of lines, then a few
 * a second, and the rest are one line with their number.
 *
 * @module
 */
import type { Logger } from "../../base/logger.ts";
import { createRateGate } from "../../base/rate_gate.ts";
import { type Line, MORE_REFUSED } from "./lines.ts";

/**
 * A burst is what a page full of frames, or a fleet that reconnects, makes: it is seen line by line. A flood that goes on writes 2 lines a second
 * of some 300 bytes, 50 MB a day.
 */
const GATE = { burst: 100, perSecond: 2, maxKinds: 32 };

/** How soon a line tells how many were held back. */
const SUMMARY_MS = 5_000;

export interface Repeats {
  /** Whether a line is to be written; it is counted where not, together with those of the same summary. */
  admits(summary: NonNullable<Line["summary"]>): boolean;
  /** Writes at once what is yet to be told, and keeps no timer. */
  close(): void;
}

/** At debug level every line is written: that is what the level is for. */
export function createRepeats(log: Logger): Repeats {
  const gate = createRateGate(GATE);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sinceMs = 0;
  const tell = () => {
    timer = undefined;
    const nowMs = performance.now();
    const seconds = Math.round((nowMs - sinceMs) / 1000);
    for (const [kind, count] of gate.takeHeld(nowMs)) {
      const { message, fields } = kind === "" ? OTHERS : JSON.parse(kind);
      log.info(message, { ...fields, count, seconds });
    }
  };
  return {
    admits(summary) {
      const nowMs = performance.now();
      if (log.debugs || gate.admits(JSON.stringify(summary), nowMs)) return true;
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
const OTHERS = { message: MORE_REFUSED, fields: {} };

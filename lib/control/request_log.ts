/**
 * Log lines of requests that became no tunnel. Anybody can cause them as fast as they can connect, so that what repeats is summed up: each
 * kind writes a burst of lines, then a few a second, and the rest are one line with their number.
 *
 * @module
 */
import type { LogFields, Logger } from "../base/logger.ts";
import { createRateGate } from "../base/rate_gate.ts";

/**
 * A burst is what a page full of frames, or a fleet that reconnects, makes: it is seen line by line. A flood that goes on writes 2 lines a second
 * of some 300 bytes, 50 MB a day.
 */
const GATE = { burst: 100, perSecond: 2, maxKinds: 32 };

/** How soon a line tells how many were held back. */
const SUMMARY_MS = 5_000;

/** What happened, and what is written of those that were held back. */
const SUMMARIES = {
  "request refused": "more requests refused",
  "client went away before the upgrade": "more clients went away before the upgrade",
} as const;

export type RequestEvent = keyof typeof SUMMARIES;

export interface RequestLog {
  /** Writes a line, or counts it. What is the same `event` with the same `kind`, status and reason say, is counted together. */
  info(event: RequestEvent, fields: LogFields, kind?: LogFields): void;
  /** Writes at once what is yet to be told, and keeps no timer. */
  close(): void;
}

/** At debug level every line is written: that is what the level is for. */
export function createRequestLog(log: Logger): RequestLog {
  const gate = createRateGate(GATE);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sinceMs = 0;
  const tell = () => {
    timer = undefined;
    const nowMs = performance.now();
    const seconds = Math.round((nowMs - sinceMs) / 1000);
    for (const [kind, count] of gate.takeHeld(nowMs)) {
      const { message, ...fields } = kind === "" ? OTHERS : JSON.parse(kind);
      log.info(message, { ...fields, count, seconds });
    }
  };
  return {
    info(event, fields, kind = {}) {
      const nowMs = performance.now();
      const name = JSON.stringify({ message: SUMMARIES[event], ...kind });
      if (log.debugs || gate.admits(name, nowMs)) return log.info(event, { ...fields, ...kind });
      if (timer !== undefined) return;
      sinceMs = nowMs;
      timer = setTimeout(tell, SUMMARY_MS);
      // The program's end doesn't wait for it.
      Deno.unrefTimer(timer);
    },
    close() {
      if (timer === undefined) return;
      clearTimeout(timer);
      tell();
    },
  };
}

/** More kinds at once than are told apart, as of methods that somebody makes up. */
const OTHERS = { message: SUMMARIES["request refused"] };

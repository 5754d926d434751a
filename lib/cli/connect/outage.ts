/**
 * When a server that has failed may be tried again, and whether it is worth waiting for. Decisions over a clock and a chance that are
 * handed in.
 *
 * @module
 */
import type { OpenProblem } from "./open_problem.ts";

/** What is known of a server that the last attempt has failed at. Times in milliseconds, on any one clock. */
export interface Outage {
  /** In a row. */
  readonly failures: number;
  /** Before that nobody tries. */
  readonly nextAtMs: number;
  readonly problem: OpenProblem;
  /**
   * The server says no, or nothing is left here to try with, and who waits holds what is missing: whoever comes before the next attempt has his answer.
   */
  readonly isAnswer: boolean;
}

const FIRST_DELAY_MS = 250;

/** Below the time that somebody waits unless told otherwise, so that each wait ends in an attempt. */
export const LONGEST_DELAY_MS = 5_000;

/** That part of a delay is left to chance, for the sake of a server that many clients wait for. */
const JITTER = 0.25;

/** Answers that say "not now": all others say no. */
const NOT_NOW = [408, 425, 429, 500, 502, 503, 504];

/** What is known after one more failure. `chance`: from 0 to 1. */
export function afterFailure(
  before: Outage | null,
  problem: OpenProblem,
  nowMs: number,
  chance: number,
): Outage {
  const { answer, isOurs = false } = problem;
  const failures = (before?.failures ?? 0) + 1;
  const wholeMs = isOurs
    ? FIRST_DELAY_MS
    : Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  const delayMs = Math.max(wholeMs * (1 - JITTER * chance), answer?.retryAfterMs ?? 0);
  const isNo = problem.kind === "refused" && !NOT_NOW.includes(answer?.status ?? 0);
  return { failures, nextAtMs: nowMs + delayMs, problem, isAnswer: isNo || isOurs };
}

/** Whether somebody who waits until `dueMs` waits in vain. */
export function isInVain(outage: Outage | null, nowMs: number, dueMs: number): boolean {
  if (outage === null || outage.nextAtMs <= nowMs) return false;
  return outage.isAnswer || outage.nextAtMs > dueMs;
}

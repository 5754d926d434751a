/**
 * Who may try to open a tunnel, and when: all at once, some at a time, while the server is well; else one after the other, with pauses that grow,
 * however many wait. Who waits is told as soon as it is in vain.
 *
 * @module
 */
import type { OpenResult } from "./open.ts";
import type { OpenProblem } from "./open_problem.ts";
import { afterFailure, isInVain, type Outage } from "./outage.ts";
import type { Teller } from "./telling.ts";

/** So many may be opened at once. */
export const MOST_AT_ONCE = 32;

/** Connections that have no tunnel yet, each with a descriptor. */
export const MOST_WAITING = 256;

export interface AttemptsOptions {
  /** Whether a problem is of one connection alone: the server is well then. @default none is */
  readonly isOfOne?: (problem: OpenProblem) => boolean;
  /** How long somebody waits for his turn. */
  readonly patienceMs: number;
  readonly teller: Teller;
  /** Aborted when nobody wants anything any more. */
  readonly signal: AbortSignal;
}

export interface Attempts {
  /** A tunnel by `attempt`, which never rejects, or what the last one of all came to. Never rejects. */
  open(attempt: () => Promise<OpenResult>): Promise<OpenResult>;
}

interface Waiter {
  readonly dueMs: number;
  /** Null: it is its turn. */
  settle(problem: OpenProblem | null): void;
}

const ENDED: OpenProblem = { kind: "failed", reason: "we end" };
const TOO_MANY: OpenProblem = {
  kind: "failed",
  reason: "too many connections wait for a tunnel",
};

const LATE: OpenProblem = { kind: "failed", reason: "tunnels are being opened for others" };

export function createAttempts(
  { isOfOne = () => false, patienceMs, teller, signal }: AttemptsOptions,
): Attempts {
  let outage: Outage | null = null;
  let underWay = 0;
  const waiting = new Set<Waiter>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const goOn = () => {
    clearTimeout(timer);
    const nowMs = performance.now();
    for (const waiter of waiting) {
      if (isInVain(outage, nowMs, waiter.dueMs)) waiter.settle(outage!.problem);
    }
    for (const waiter of waiting) {
      if (underWay >= (outage === null ? MOST_AT_ONCE : 1)) return;
      if (outage !== null && outage.nextAtMs > nowMs) {
        timer = setTimeout(goOn, outage.nextAtMs - nowMs);
        return;
      }
      underWay++;
      waiter.settle(null);
    }
  };
  const abandon = new Set<(problem: OpenProblem) => void>();
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    for (const end of abandon) end(ENDED);
    for (const waiter of waiting) waiter.settle(ENDED);
  });
  const turn = (dueMs: number): Promise<OpenProblem | null> => {
    if (signal.aborted) return Promise.resolve(ENDED);
    const { promise, resolve } = Promise.withResolvers<OpenProblem | null>();
    const patience = setTimeout(
      () => waiter.settle(outage?.problem ?? LATE),
      Math.max(dueMs - performance.now(), 0),
    );
    const waiter: Waiter = {
      dueMs,
      settle(problem) {
        clearTimeout(patience);
        waiting.delete(waiter);
        resolve(problem);
      },
    };
    waiting.add(waiter);
    goOn();
    return promise;
  };
  const tryOnce = async (attempt: () => Promise<OpenResult>): Promise<OpenResult> => {
    const before = outage;
    const { promise, resolve } = Promise.withResolvers<OpenResult>();
    abandon.add(resolve);
    attempt().then(resolve);
    const result = await promise;
    abandon.delete(resolve);
    underWay--;
    if (result === ENDED) return result;
    if ("kind" in result && !isOfOne(result)) {
      // Those that failed together count as one.
      if (before === outage) {
        outage = afterFailure(outage, result, performance.now(), Math.random());
      }
      teller.trouble(result.reason);
    } else {
      outage = null;
      if (!("kind" in result)) teller.well();
    }
    goOn();
    return result;
  };
  let inside = 0;
  const openInTime = async (attempt: () => Promise<OpenResult>): Promise<OpenResult> => {
    const dueMs = performance.now() + patienceMs;
    for (;;) {
      const problem = await turn(dueMs);
      if (problem !== null) return problem;
      const result = await tryOnce(attempt);
      if (!("kind" in result) || isOfOne(result)) return result;
    }
  };
  return {
    async open(attempt) {
      if (inside >= MOST_WAITING) {
        teller.trouble(TOO_MANY.reason);
        return TOO_MANY;
      }
      inside++;
      const result = await openInTime(attempt);
      inside--;
      return result;
    },
  };
}

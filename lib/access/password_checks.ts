/**
 * Passwords that wait to be compared with a hash: one at a time in another thread, a bounded number in all and of each client.
 *
 * @module
 */
import { clientNetwork, isLocal } from "../base/network.ts";
import { createRateGate } from "../base/rate_gate.ts";
import type { Emit } from "../events/events.ts";
import type { PasswordQuestion } from "./password_worker.ts";

/** Whether it is the password; `busy`: too many wait, `many`: this client has too many waiting, or guesses too often, `failed`: nobody can say. */
export type PasswordVerdict = "right" | "wrong" | "busy" | "many" | "failed";

/** The last of them waits some seconds, at tens of milliseconds each. */
const MAX_WAITING = 64;

/** So that who guesses passwords leaves the others their turn. For this machine, whose proxy may speak for everybody, there is no such bound. */
const MAX_PER_CLIENT = 4;

/**
 * Who guesses gets so many tries at once, and then one a second. What is right, and has been before, is no try.
 */
const TRIES = { burst: 20, perSecond: 1, maxKinds: 10_000 };

/** How often clients are forgotten that have all of their tries again. */
const FORGET_MS = 10_000;

export interface PasswordChecks {
  /** `address` is its client's; one whose `signal` is aborted before its turn is `failed`. Never rejects. */
  check(
    question: PasswordQuestion,
    address: string,
    signal: AbortSignal,
  ): Promise<PasswordVerdict>;
  /** Ends the thread once nobody waits any more. */
  close(): void;
}

interface Waiting {
  readonly question: PasswordQuestion;
  readonly client: string;
  readonly settle: (verdict: PasswordVerdict) => void;
}

export function createPasswordChecks(emit: Emit): PasswordChecks {
  let waiting: Waiting[] = [];
  let current: Waiting | null = null;
  let worker: Worker | null = null;
  let closed = false;
  const tries = createRateGate(TRIES);
  let forgottenAtMs = 0;

  function next(): void {
    if (current !== null) return;
    current = waiting.shift() ?? null;
    if (current === null) return closed ? stop() : undefined;
    worker ??= startWorker();
    worker.postMessage(current.question);
  }

  function settle(verdict: PasswordVerdict): void {
    current?.settle(verdict);
    current = null;
    next();
  }

  function startWorker(): Worker {
    const started = new Worker(new URL("./password_worker.ts", import.meta.url), {
      type: "module",
    });
    started.onmessage = ({ data }: MessageEvent<boolean>) => settle(data ? "right" : "wrong");
    started.onerror = (event) => {
      event.preventDefault();
      emit({ kind: "defect", error: new Error(`passwords can't be checked: ${event.message}`) });
      stop();
      settle("failed");
    };
    return started;
  }

  function stop(): void {
    worker?.terminate();
    worker = null;
  }

  function whyNot(client: string): PasswordVerdict | null {
    if (waiting.length >= MAX_WAITING) return "busy";
    if (isLocal(client)) return null;
    const same = [current, ...waiting].filter((other) => other?.client === client).length;
    if (same >= MAX_PER_CLIENT) return "many";
    const nowMs = performance.now();
    if (nowMs > forgottenAtMs + FORGET_MS) {
      forgottenAtMs = nowMs;
      tries.takeHeld(nowMs);
    }
    return tries.admits(client, nowMs) ? null : "many";
  }

  return {
    check(question, address, signal) {
      const client = clientNetwork(address);
      const refusal = signal.aborted ? "failed" : whyNot(client);
      if (refusal !== null) return Promise.resolve(refusal);
      return new Promise((resolve) => {
        const leave = () => {
          waiting = waiting.filter((other) => other !== one);
          resolve("failed");
        };
        const one: Waiting = {
          question,
          client,
          settle(verdict) {
            signal.removeEventListener("abort", leave);
            resolve(verdict);
          },
        };
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(one);
        next();
      });
    },
    close() {
      closed = true;
      next();
    },
  };
}

/**
 * Addresses that the server has just said no to: whoever asks again at once has the same answer, and the server isn't asked.
 *
 * @module
 */
import type { OpenResult } from "../open.ts";
import type { OpenProblem } from "../open_problem.ts";
import { afterFailure, type Outage } from "../outage.ts";
import { isOfTheAddress } from "./target.ts";

/** Remembered; the oldest goes. */
const MOST_ADDRESSES = 256;

/** After so long without another try it begins anew. */
const FORGOTTEN_MS = 60_000;

export interface Refusals {
  /** What it was answered last, until it may be asked again; else null. */
  known(address: string, nowMs: number): OpenProblem | null;
  note(address: string, result: OpenResult, nowMs: number, chance: number): void;
}

export function createRefusals(): Refusals {
  const refused = new Map<string, Outage>();
  return {
    known(address, nowMs) {
      const outage = refused.get(address);
      return outage !== undefined && nowMs < outage.nextAtMs ? outage.problem : null;
    },
    note(address, result, nowMs, chance) {
      const before = refused.get(address) ?? null;
      refused.delete(address);
      if (!("kind" in result) || !isOfTheAddress(result)) return;
      const isOld = before !== null && nowMs - before.nextAtMs > FORGOTTEN_MS;
      refused.set(address, afterFailure(isOld ? null : before, result, nowMs, chance));
      if (refused.size > MOST_ADDRESSES) refused.delete(refused.keys().next().value!);
    },
  };
}

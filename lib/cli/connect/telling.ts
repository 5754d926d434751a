/**
 * What goes wrong with a server is told once, until it goes well again; how tunnels end, which programs may open again and again, at a pace.
 *
 * @module
 */
import { createRateGate } from "../../base/rate_gate.ts";

export interface Teller {
  /** There is no tunnel, or those that there were are lost: each reason is told once. */
  trouble(text: string): void;
  /** A tunnel has ended in a way that is worth telling, which is no outage. */
  ended(text: string): void;
  /** A tunnel is open. */
  well(): void;
}

/** Of one outage; reasons beyond are not told. */
const MOST_REASONS = 8;

/** Reasons of outages that come and go, as where each tunnel of a server is lost: two outages in full, then one in half a minute. */
const REASONS = { burst: 2 * MOST_REASONS, perSecond: 1 / 30, maxKinds: 1 };

/** A few of a kind at once, then one in half a minute. */
const ENDS = { burst: 3, perSecond: 1 / 30, maxKinds: 16 };

export function createTeller(tell: (text: string) => void): Teller {
  const told = new Set<string>();
  const reasons = createRateGate(REASONS);
  const ends = createRateGate(ENDS);
  return {
    trouble(text) {
      if (told.has(text) || told.size >= MOST_REASONS) return;
      // One that lasts is told once it may be.
      if (!reasons.admits("", performance.now())) return;
      told.add(text);
      tell(text);
    },
    ended(text) {
      if (ends.admits(text, performance.now())) tell(text);
    },
    well() {
      if (told.size > 0) tell("a tunnel opens again");
      told.clear();
    },
  };
}

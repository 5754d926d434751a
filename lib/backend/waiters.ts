/**
 * Requests that wait for the same host. Once one of them has waited in vain, the others need not learn the same at the same cost.
 *
 * @module
 */
import type { LeaseResult } from "./address.ts";
import type { ConnectRequest } from "./backend.ts";
import type { Host, PoolHost } from "./host.ts";

/** Asks hosts. */
export interface Waiters {
  /** Asks a host; where another request fails at it meanwhile and `hasOther()`, this one has failed as well. */
  ask(host: PoolHost, request: ConnectRequest, hasOther: () => boolean): PromiseLike<LeaseResult>;
}

interface Waiter {
  readonly hasOther: () => boolean;
  readonly leave: () => void;
}

export function createWaiters(): Waiters {
  const waiting = new Map<Host, Set<Waiter>>();

  function waitersFor(host: Host): Set<Waiter> {
    const found = waiting.get(host);
    if (found !== undefined) return found;
    const waiters = new Set<Waiter>();
    waiting.set(host, waiters);
    return waiters;
  }

  return {
    // By then(), as the ways to a backend are: where nothing of it is the runtime's there is no promise.
    ask(host, request, hasOther) {
      const { signal } = request;
      const { live } = host;
      const waiters = waitersFor(live);
      const leaving = new AbortController();
      const leave = () => leaving.abort();
      const waiter = { hasOther, leave };
      if (signal.aborted) leave();
      let isKnown = false;
      let isWaiting = false;
      const asked = live.connect({ ...request, signal: leaving.signal }, host);
      const heard = asked.then((result): LeaseResult => {
        isKnown = true;
        if (isWaiting) {
          waiters.delete(waiter);
          signal.removeEventListener("abort", leave);
        }
        if (result.ok) return result;
        if (result.kind === "down" && live.standing !== "ready") {
          for (const other of waiters) if (other.hasOther()) other.leave();
        }
        return result.kind === "aborted" && !signal.aborted
          ? { ok: false, kind: "down", reason: live.problem }
          : result;
      });
      // Of what is known at once, as a connect within this machine is, nobody has to hear.
      if (isKnown) return heard;
      isWaiting = true;
      signal.addEventListener("abort", leave);
      waiters.add(waiter);
      return heard;
    },
  };
}

/**
 * How many programs may run at once: in all, and for the clients of one address, so that one of them can't take every one.
 *
 * @module
 */
import { clientNetwork, isLocal, UNIX } from "../base/network.ts";

export interface SlotLimits {
  readonly maxProcs: number;
  /** 0: no share. null: half of `maxProcs`, and none for loopback, where a reverse proxy speaks for everybody. */
  readonly maxProcsPerClient: number | null;
}

export type Slot =
  | { readonly ok: true; give(): void }
  | { readonly ok: false; readonly kind: "full" | "share"; readonly reason: string };

export interface Slots {
  readonly used: number;
  /** A place for one more program, to be given back when it has ended; `client` is an IP address or `unix`. */
  take(client: string, limits: SlotLimits): Slot;
}

export function createSlots(): Slots {
  const usedBy = new Map<string, number>();
  let used = 0;
  return {
    get used() {
      return used;
    },
    take(client, limits) {
      if (used >= limits.maxProcs) {
        return { ok: false, kind: "full", reason: `${used} of them run, as many as may` };
      }
      const key = clientNetwork(client);
      const own = usedBy.get(key) ?? 0;
      if (own >= shareOf(key, limits)) {
        const reason =
          `${own} of them run for clients of ${key}, as many as may (max-procs-per-client)`;
        return { ok: false, kind: "share", reason };
      }
      used++;
      usedBy.set(key, own + 1);
      return {
        ok: true,
        give() {
          used--;
          const left = usedBy.get(key)! - 1;
          if (left > 0) usedBy.set(key, left);
          else usedBy.delete(key);
        },
      };
    },
  };
}

function shareOf(key: string, { maxProcs, maxProcsPerClient }: SlotLimits): number {
  // Clients of a unix-domain socket have no address.
  if (key === UNIX || maxProcsPerClient === 0) return maxProcs;
  if (maxProcsPerClient !== null) return maxProcsPerClient;
  return isLocal(key) ? maxProcs : Math.ceil(maxProcs / 2);
}

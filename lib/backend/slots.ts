/**
 * How many programs may run at once: in all, and for the clients of one address, so that one of them can't take every one.
 *
 * @module
 */
import { encodeIpAddress } from "../sys/ip_address.ts";

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
      const key = clientKey(client);
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
  if (key === LOCAL || maxProcsPerClient === 0) return maxProcs;
  if (maxProcsPerClient !== null) return maxProcsPerClient;
  return key.startsWith("127.") || key === IPV6_LOOPBACK ? maxProcs : Math.ceil(maxProcs / 2);
}

/** Clients of a unix-domain socket have no address. */
const LOCAL = "unix";

const IPV6_LOOPBACK = "::1";

/** What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, the least that anybody gets. */
export function clientKey(client: string): string {
  if (!client.includes(":") || client === IPV6_LOOPBACK) return client;
  const bytes = encodeIpAddress(client.replace(/%.*$/, ""));
  if (bytes === null) return client;
  const groups = Array.from({ length: 4 }, (_, at) => bytes[2 * at]! << 8 | bytes[2 * at + 1]!);
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

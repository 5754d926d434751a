/**
 * Tells, once for each route, that its backend speaks a binary protocol while its client gets text frames: without a word such a tunnel hangs,
 * as VNC's does, or breaks off a little later.
 *
 * @module
 */
import type { TunnelIdentity } from "../events/event.ts";
import type { Emit } from "../events/events.ts";
import { greetingOf } from "../tunnel/greeting.ts";

/** Gives what looks at a text tunnel's first bytes from its backend; null where that was told already. */
export type GreetingWarning = (
  tunnel: Pick<TunnelIdentity, "id" | "client" | "route" | "backend">,
) => ((bytes: Uint8Array) => void) | null;

export function createGreetingWarning(emit: Emit): GreetingWarning {
  const told = new Set<string>();
  return ({ id, client, route, backend }) => {
    if (told.has(route)) return null;
    return (bytes) => {
      const protocol = greetingOf(bytes);
      if (protocol === null || told.has(route)) return;
      told.add(route);
      emit({ kind: "greeting-mismatch", tunnel: id, client, route, backend, protocol });
    };
  };
}

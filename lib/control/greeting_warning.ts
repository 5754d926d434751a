/**
 * Tells, once for each route, that its backend speaks a binary protocol while its client gets text frames: without a word such a tunnel hangs,
 * as VNC's does, or breaks off a little later.
 *
 * @module
 */
import type { Logger } from "../base/logger.ts";
import { greetingOf } from "../tunnel/greeting.ts";
import type { OpenTunnel } from "./registry.ts";

/** Gives what looks at a text tunnel's first bytes from its backend; null where that was told already. */
export type GreetingWarning = (
  tunnel: Pick<OpenTunnel, "id" | "client" | "route" | "backend">,
) => ((bytes: Uint8Array) => void) | null;

export function createGreetingWarning(log: Logger): GreetingWarning {
  const told = new Set<string>();
  return ({ id, client, route, backend }) => {
    if (told.has(route)) return null;
    return (bytes) => {
      const protocol = greetingOf(bytes);
      if (protocol === null || told.has(route)) return;
      told.add(route);
      log.warn(
        `the backend speaks ${protocol}, which is binary, and the frames are text: set frame-type = "binary"`,
        { id, client, route, backend, protocol },
      );
    };
  };
}

/**
 * How a connection that has come in gets its tunnel.
 *
 * @module
 */
import type { BackendConnection } from "../../backend/connection.ts";
import type { Attempts } from "./attempts.ts";
import { type Opened, openWebSocket } from "./open.ts";
import type { OpenProblem } from "./open_problem.ts";
import type { ConnectSettings } from "./settings.ts";

/** The tunnel, and what it is joined to; or why there is none, the connection being closed. Never rejects. */
export type Begin = (local: BackendConnection) => Promise<
  { readonly opened: Opened; readonly connection: BackendConnection } | OpenProblem
>;

/** All of a connection is the tunnel's. */
export function createPlain(settings: ConnectSettings, attempts: Attempts): Begin {
  return async (local) => {
    const opened = await attempts.open(() => openWebSocket(settings));
    if (!("kind" in opened)) return { opened, connection: local };
    local.close();
    return opened;
  };
}

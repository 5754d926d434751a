/**
 * Where a tunnel of the loop's goes on once it is one: a worker carries it, at once or once it has lasted, where both its connections are the loop's; this thread any other.
 *
 * @module
 */
import { StreamTransport } from "../stream_transport.ts";
import { serverTunnel } from "../stream_tunnel.ts";
import type { RunningTunnel } from "../door.ts";
import type { TunnelStart } from "../opening.ts";
import type { LoopEngineOptions } from "./listen.ts";
import { LoopConnection } from "./loop_connection.ts";
import { LoopTransport } from "./loop_transport.ts";

export function startTunnel(start: TunnelStart, options: LoopEngineOptions): RunningTunnel {
  const { client, connection, settings, early } = start;
  const backend = connection instanceof LoopConnection
    ? connection.toTransport()
    : new StreamTransport(connection, options, null, true);
  if (options.young && client instanceof LoopTransport && backend instanceof LoopTransport) {
    return options.young.begin({ ...start, client, backend });
  }
  return serverTunnel(client, backend, settings, early);
}

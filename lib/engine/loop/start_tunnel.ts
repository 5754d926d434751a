/**
 * Where a tunnel of the loop's goes on once it is one: to a worker, where both its connections are the loop's and a worker is there, or else
 * here, beside everything else.
 *
 * @module
 */
import { StreamTransport } from "../stream_transport.ts";
import { serverTunnel } from "../stream_tunnel.ts";
import type { RunningTunnel } from "../door.ts";
import type { TunnelStart } from "../opening.ts";
import { endOnDefect } from "./defect.ts";
import type { LoopEngineOptions } from "./listen.ts";
import { LoopConnection } from "./loop_connection.ts";
import { LoopTransport } from "./loop_transport.ts";

export function startTunnel(start: TunnelStart, options: LoopEngineOptions): RunningTunnel {
  const { client, connection, settings, early } = start;
  if (client instanceof LoopTransport && connection instanceof LoopConnection && !client.busy) {
    const worker = options.workers?.choose();
    if (worker) return worker.carry({ ...start, client, connection });
  }
  const backend = connection instanceof LoopConnection
    ? connection.toTransport()
    : new StreamTransport(connection, options, null, true);
  const tunnel = serverTunnel(client, backend, settings, early);
  endOnDefect(tunnel.machine, client, backend);
  return tunnel;
}

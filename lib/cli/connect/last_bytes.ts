/**
 * Who takes nothing of what the server has sent, once we are asked to end: a pager, a program that is stopped.
 *
 * @module
 */
import type { StreamTransport } from "../../engine/stream_transport.ts";
import type { StreamTunnel } from "../../engine/stream_tunnel.ts";
import type { Ticking } from "../../engine/sweep.ts";

/** Cuts the tunnel once what it waits for is that `reader` takes more, and it has taken nothing for so long. */
export function watchLastBytes(
  { machine }: StreamTunnel,
  reader: StreamTransport,
  patienceMs: number,
): Ticking {
  let seen = -1;
  let sinceMs = 0;
  return {
    tick(nowMs) {
      if (reader.sent !== seen || !machine.upWaits) {
        seen = reader.sent;
        sinceMs = nowMs;
      } else if (nowMs - sinceMs >= patienceMs) machine.cut();
    },
  };
}

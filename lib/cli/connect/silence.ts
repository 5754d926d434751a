/**
 * A server that says nothing to our Close, where no Pings find out whether it is still there.
 *
 * @module
 */
import type { StreamTunnel } from "../../engine/stream_tunnel.ts";
import type { Ticking } from "../../engine/sweep.ts";

/** As long as with the Pings that there are unless told otherwise. */
export const CLOSE_SILENCE_MS = 60_000;

/** Ends the tunnel once our end has been told and nothing has moved for so long, unless it is us who wait for what is here. */
export function watchSilence(
  { machine, endpoint }: StreamTunnel,
  isEndTold: () => boolean,
  silenceMs: number,
): Ticking {
  let seen = -1;
  let sinceMs = 0;
  return {
    tick(nowMs) {
      if (!isEndTold()) return;
      const moved = endpoint.heard + endpoint.sent;
      if (moved !== seen || machine.upWaits) {
        seen = moved;
        sinceMs = nowMs;
      } else if (nowMs - sinceMs >= silenceMs) {
        machine.end("client-silent");
        // It has had its time for a Close.
        machine.cut();
      }
    },
  };
}

/**
 * What becomes of a tunnel in which something has thrown: it alone ends.
 *
 * @module
 */
import type { DrivenTransport } from "../driven_transport.ts";
import type { StreamTunnel } from "../stream_tunnel.ts";
import { LoopTransport } from "./loop_transport.ts";

/** Has a tunnel end where one of its transports throws. */
export function endOnDefect(tunnel: StreamTunnel, ...transports: readonly DrivenTransport[]): void {
  const onDefect = () => tunnel.onDefect();
  for (const transport of transports) {
    if (transport instanceof LoopTransport) transport.onDefect = onDefect;
  }
}

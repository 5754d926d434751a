/**
 * What becomes of a tunnel in which something has thrown: it alone ends.
 *
 * @module
 */
import type { Tunnel } from "../../tunnel/tunnel.ts";
import type { DrivenTransport } from "../driven_transport.ts";
import { LoopTransport } from "./loop_transport.ts";

/**
 * Has a tunnel end where one of its transports throws, and gives what ends it so. What throws may do so again until its client has had its Close: the
 * second time is the last.
 */
export function endOnDefect(
  machine: Tunnel,
  ...transports: readonly DrivenTransport[]
): () => void {
  let isKnown = false;
  const onDefect = () => {
    if (isKnown) {
      for (const transport of transports) transport.close();
      machine.cut();
    } else {
      isKnown = true;
      machine.end("defect");
    }
  };
  for (const transport of transports) {
    if (transport instanceof LoopTransport) transport.onDefect = onDefect;
  }
  return onDefect;
}

/**
 * The accept loop of a listener that we run ourselves.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { shortageOf } from "../base/exhaustion.ts";
import type { Emit } from "../events/events.ts";

/** How long to wait before another try when a connection can't be accepted, as with no descriptor left. */
export const RETRY_MS = 100;

/** What the runtime says of a client that reset its connection while it waited to be accepted: the next one is as good. */
const CLIENT_GONE = [
  Deno.errors.NotConnected,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionReset,
];

/** Tells that a listener can't accept. */
export function tellAcceptFailed(emit: Emit, listener: Address, error: unknown): void {
  emit({
    kind: "accept-failed",
    listener,
    shortage: shortageOf(error),
    reason: String(error),
  });
}

/**
 * Accepts connections until it is to stop, the last of which may come just then; `onFailing` is told of the first of several failures. Where
 * `onConnection` gives a promise the next one waits for it.
 */
export async function acceptAll<Connection extends Deno.Conn>(
  listener: { accept(): Promise<Connection> },
  isStopped: () => boolean,
  onFailing: (error: unknown) => void,
  onConnection: (connection: Connection) => Promise<void> | void,
): Promise<void> {
  let failing = false;
  while (!isStopped()) {
    try {
      const connection = await listener.accept();
      failing = false;
      const taken = onConnection(connection);
      if (taken !== undefined) await taken;
    } catch (error) {
      if (isStopped()) return;
      // A pause for each would let anybody keep all others waiting.
      if (CLIENT_GONE.some((gone) => error instanceof gone)) continue;
      if (!failing) onFailing(error);
      failing = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * The accept loop of a listener that we run ourselves.
 *
 * @module
 */
import type { Logger } from "../base/logger.ts";

/** How long to wait before another try when a connection can't be accepted, as with no descriptor left. */
const RETRY_MS = 100;

/** What the runtime says of a client that reset its connection while it waited to be accepted: the next one is as good. */
const CLIENT_GONE = [
  Deno.errors.NotConnected,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionReset,
];

/** Accepts connections until the listener is closed. */
export async function acceptAll<Connection extends Deno.Conn>(
  listener: { accept(): Promise<Connection> },
  isClosed: () => boolean,
  log: Logger,
  onConnection: (connection: Connection) => void,
): Promise<void> {
  let failing = false;
  while (!isClosed()) {
    try {
      const connection = await listener.accept();
      // One that came in the same moment: who closes the listener knows only of those before it.
      if (isClosed()) return connection.close();
      failing = false;
      onConnection(connection);
    } catch (error) {
      if (isClosed()) return;
      // A pause for each would let anybody keep all others waiting.
      if (CLIENT_GONE.some((gone) => error instanceof gone)) continue;
      if (!failing) log.error("cannot accept connections", { reason: String(error) });
      failing = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

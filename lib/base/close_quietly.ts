/**
 * Closing what may be closed already.
 *
 * @module
 */

/** The runtime throws where something is closed twice. */
export function closeQuietly(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

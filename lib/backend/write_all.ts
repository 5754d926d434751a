/**
 * Writing the whole of what is written in pieces.
 *
 * @module
 */
import type { BackendConnection } from "./connection.ts";

/** Sends all of `bytes`. Rejects when the other end is gone. */
export async function writeAll(
  connection: Pick<BackendConnection, "write">,
  bytes: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

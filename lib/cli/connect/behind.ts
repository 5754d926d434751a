/**
 * A connection of which something has been read already.
 *
 * @module
 */
import type { BackendConnection } from "../../backend/connection.ts";

/** The connection with what has been read of it already in front. */
export function behind(early: Uint8Array, connection: BackendConnection): BackendConnection {
  let left = early;
  return {
    read(buffer) {
      if (left.length === 0) return connection.read(buffer);
      const part = left.subarray(0, buffer.length);
      buffer.set(part);
      left = left.subarray(part.length);
      return Promise.resolve(part.length);
    },
    write: (bytes) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
  };
}

/**
 * A program's standard input and output as the backend's end of a tunnel.
 *
 * @module
 */
import type { BackendConnection } from "./connection.ts";

/** Size of the one read buffer, that of a pipe in the kernel. */
const BUFFER_BYTES = 65536;

/**
 * Reads its output and writes its input. The stream takes the buffer of each read away and gives it back, which a caller's
 * would not survive: one buffer of our own goes round, and what came in is copied.
 */
export function createExecConnection(process: Deno.ChildProcess): BackendConnection {
  const reader = process.stdout.getReader({ mode: "byob" });
  const writer = process.stdin.getWriter();
  // A program may end before it has read everything: the write that fails tells, nobody need wait for this.
  writer.closed.catch(() => {});
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  let closed = false;
  let inputEnded = false;

  return {
    async read(target) {
      if (closed) throw interrupted();
      const wanted = Math.min(target.length, BUFFER_BYTES);
      const { value, done } = await reader.read(new Uint8Array(buffer, 0, wanted));
      if (closed) throw interrupted();
      if (value === undefined) return null;
      buffer = value.buffer;
      if (done) return null;
      target.set(value);
      return value.length;
    },
    async write(source) {
      if (closed) throw interrupted();
      await writer.write(source as Uint8Array<ArrayBuffer>);
      return source.length;
    },
    async closeWrite() {
      if (inputEnded) return;
      inputEnded = true;
      await writer.close();
    },
    close() {
      if (closed) return;
      closed = true;
      reader.cancel().catch(() => {});
      writer.abort().catch(() => {});
    },
  };
}

function interrupted(): Error {
  return new Deno.errors.Interrupted("the connection is closed");
}

/**
 * A connection by its descriptor alone, in the shape of the runtime's: it can be reset, and its number is free for another as soon as it is closed.
 *
 * @module
 */
import { setImmediate as turn } from "node:timers/promises";
import { Errno, systemError } from "../../../lib/sys/errno.ts";
import { hotCalls } from "../../../lib/sys/hot_calls.ts";
import type { Libc } from "../../../lib/sys/libc.ts";
import { SHUT_WR, SOL_SOCKET } from "../../../lib/sys/socket_constants.ts";

// Of <sys/socket.h>.
const SO_LINGER = 13;

/** `struct linger`: on, for no time. */
const RESETS = new Uint8Array(Int32Array.of(1, 0).buffer);

/** Of what a test does with a connection. */
export interface Plug extends Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close"> {
  /** False: it was closed already. */
  reset(): boolean;
}

/** Takes a descriptor over that never waits. */
export function plugOf({ symbols }: Libc, descriptor: number): Plug {
  const libc = { symbols };
  const calls = hotCalls(libc);
  let isClosed = false;
  /** Tries a call again in every turn in which it is for want of bytes or room alone that it fails. */
  const until = async (call: () => number): Promise<number> => {
    for (;;) {
      if (isClosed) throw new Deno.errors.BadResource("it is closed");
      const count = call();
      if (count >= 0) return count;
      const { errno } = calls;
      if (errno !== Errno.EAGAIN && errno !== Errno.EINTR) throw systemError(libc, errno);
      await turn();
    }
  };
  const close = () => {
    if (!isClosed) symbols.close(descriptor);
    isClosed = true;
  };
  return {
    close,
    async read(into) {
      const bytes = into as Uint8Array<ArrayBuffer>;
      const length = BigInt(bytes.length);
      return await until(() => Number(symbols.recv(descriptor, bytes, length, 0))) || null;
    },
    write: (bytes) => until(() => calls.sendView(descriptor, bytes as Uint8Array<ArrayBuffer>)),
    closeWrite() {
      if (!isClosed) symbols.shutdown(descriptor, SHUT_WR);
      return Promise.resolve();
    },
    reset() {
      if (isClosed) return false;
      symbols.setsockopt(descriptor, SOL_SOCKET, SO_LINGER, RESETS, RESETS.length);
      close();
      return true;
    },
  };
}

/**
 * Standard input and output as the one end of a tunnel.
 *
 * @module
 */
import type { BackendConnection } from "../../backend/connection.ts";

/** The two streams, as the runtime has them. */
export interface Streams {
  readonly input: { read(buffer: Uint8Array): Promise<number | null> };
  readonly output: { write(bytes: Uint8Array): Promise<number> };
}

export interface StdioConnection extends BackendConnection {
  /** Why standard output takes no more; null: it does. */
  readonly outputFailure: string | null;
}

/** Who shares a terminal or a socket with us may have set it not to wait. */
const RETRY_MS = 10;

/**
 * A read can't be taken back from the runtime, and hangs until somebody types or the input ends: so what waits for it is settled by hand once
 * nobody wants it any more.
 */
export function createStdio({ input, output }: Streams): StdioConnection {
  let ended = false;
  let outputFailure: string | null = null;
  let settle = () => {};
  const end = () => {
    ended = true;
    settle();
  };
  const isOver = () => ended;
  return {
    get outputFailure() {
      return outputFailure;
    },
    read(buffer) {
      if (ended) return Promise.resolve(null);
      return new Promise((resolve, reject) => {
        settle = () => resolve(null);
        retried(() => input.read(buffer), isOver).then(resolve, reject);
      });
    },
    async write(bytes) {
      try {
        return await retried(() => output.write(bytes), () => false);
      } catch (error) {
        outputFailure = error instanceof Deno.errors.BrokenPipe
          ? "nobody reads standard output any more"
          : `standard output can't be written: ${(error as Error).message}`;
        // What is still typed has no answer.
        end();
        throw error;
      }
    },
    closeWrite() {
      end();
      return Promise.resolve();
    },
    close: end,
  };
}

/** Does it again where it would have to wait, unless that `isOver`. */
async function retried<T>(act: () => Promise<T>, isOver: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || isOver()) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * The two pipes that are a program's standard input and output as the backend's end of a tunnel: where it can't have a socket.
 *
 * The stream's own operations end when the pipe lets them: a write hangs, cancelled or not, as long as any process holds the
 * other end and doesn't read. A caller must not hang with them, so it waits for a promise that can also be settled by hand;
 * what the operation comes to after that is ignored.
 *
 * @module
 */
import type { BackendConnection } from "./connection.ts";

/** Size of the one read buffer, that of a pipe in the kernel. */
const BUFFER_BYTES = 65536;

/** The most that is written at once, so that a program that reads slowly is seen to make progress. */
const WRITE_BYTES = 16 * 1024;

/** Once its input has ended: it may still have a whole pipe's 64 KiB to work on. */
export const LINGER_MS = 10_000;

/** How long nothing has to come, once the program has ended, for its output to count as ended. */
export const SILENCE_MS = 200;

/** It is waited for in steps: what came while the whole process was held up is read between two of them. */
export const SILENCE_STEPS = 4;

/** Reads the output of `process` and writes its input; `exited` is the end of the program itself. */
export function createExecConnection(
  process: Pick<Deno.ChildProcess, "stdin" | "stdout">,
  exited: Promise<unknown>,
): BackendConnection {
  const output = createOutput(process.stdout, exited);
  const input = createInput(process.stdin);
  return {
    lingerMs: LINGER_MS,
    read: output.read,
    write: input.write,
    closeWrite: input.end,
    close() {
      output.close();
      input.close();
    },
  };
}

/**
 * The stream takes the buffer of each read away and gives it back, which a caller's would not survive: one buffer of our own
 * goes round, and what came in is copied. All that the program wrote is in the pipe when it has ended; from then on silence
 * is the end, whoever else holds the pipe open.
 */
function createOutput(stdout: Deno.ChildProcess["stdout"], exited: Promise<unknown>) {
  const reader = stdout.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  let reading: Operation<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> | null = null;
  let exitSeen = false;
  let ended = false;
  let closed = false;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const awaitSilence = (steps: number) => {
    if (steps === 0) return reading?.resolve({ done: true });
    silence = setTimeout(awaitSilence, SILENCE_MS / SILENCE_STEPS, steps - 1);
  };
  exited.then(() => {
    exitSeen = true;
    if (reading !== null) awaitSilence(SILENCE_STEPS);
  });

  return {
    async read(target: Uint8Array): Promise<number | null> {
      if (closed) throw interrupted();
      if (ended) return null;
      const wanted = Math.min(target.length, BUFFER_BYTES);
      reading = follow(reader.read(new Uint8Array(buffer, 0, wanted)));
      if (exitSeen) awaitSilence(SILENCE_STEPS);
      try {
        const { value, done } = await reading.promise;
        if (closed) throw interrupted();
        ended = done;
        if (done) return null;
        buffer = value.buffer;
        target.set(value);
        return value.length;
      } finally {
        clearTimeout(silence);
        reading = null;
      }
    },
    close() {
      closed = true;
      reading?.reject(interrupted());
      reader.cancel().catch(() => {});
    },
  };
}

function createInput(stdin: Deno.ChildProcess["stdin"]) {
  const writer = stdin.getWriter();
  // A program may end before it has read everything: the write that fails tells, nobody need wait for this.
  writer.closed.catch(() => {});
  let writing: Operation<void> | null = null;
  let ending: Operation<void> | null = null;
  let closed = false;
  /** Used again and again: a new one for each write stays until garbage is collected. */
  let copy: Uint8Array | null = null;

  return {
    async write(source: Uint8Array): Promise<number> {
      if (closed) throw interrupted();
      // A copy: an operation given up goes on with it, and the caller may fill its own again.
      copy ??= new Uint8Array(WRITE_BYTES);
      const count = Math.min(source.length, WRITE_BYTES);
      copy.set(source.subarray(0, count));
      writing = follow(writer.write(copy.subarray(0, count)));
      await writing.promise;
      return count;
    },
    async end(): Promise<void> {
      if (closed) return;
      ending ??= follow(writer.close());
      await ending.promise;
    },
    close() {
      closed = true;
      writing?.reject(interrupted());
      ending?.reject(interrupted());
      writer.abort().catch(() => {});
    },
  };
}

/** An operation of a stream, for its caller to wait for. */
type Operation<T> = PromiseWithResolvers<T>;

/** Settles with the stream's promise, unless it is settled by hand before. */
function follow<T>(promise: Promise<T>): Operation<T> {
  const operation = Promise.withResolvers<T>();
  promise.then(operation.resolve, operation.reject);
  return operation;
}

function interrupted(): Error {
  return new Deno.errors.Interrupted("the connection is closed");
}

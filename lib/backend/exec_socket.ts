/**
 * The socket that is a program's standard input and output as the backend's end of a tunnel.
 *
 * @module
 */
import type { BackendConnection } from "./connection.ts";
import { LINGER_MS, SILENCE_MS, SILENCE_STEPS } from "./exec_connection.ts";

/**
 * Reads and writes `socket`, whose other end the program has; `exited` is the end of the program itself. All that it wrote is there when it
 * has ended; from then on silence is the end, whoever else holds the other end open.
 *
 * A program that ends with input unread resets the socket, as the system has it for sockets of this kind, behind its last words. No more is
 * meant by it than by a pipe that breaks.
 */
export function createExecSocket(
  socket: Deno.UnixConn,
  exited: Promise<unknown>,
): BackendConnection {
  let reading = false;
  let exitSeen = false;
  let over: "silent" | "closed" | null = null;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const end = (how: "silent" | "closed") => {
    if (over !== null) return;
    over = how;
    socket.close();
  };
  const awaitSilence = (steps: number) => {
    if (steps === 0) return end("silent");
    silence = setTimeout(awaitSilence, SILENCE_MS / SILENCE_STEPS, steps - 1);
  };
  exited.then(() => {
    exitSeen = true;
    if (reading) awaitSilence(SILENCE_STEPS);
  });

  return {
    lingerMs: LINGER_MS,
    async read(target) {
      if (isSilent()) return null;
      reading = true;
      if (exitSeen) awaitSilence(SILENCE_STEPS);
      try {
        return await socket.read(target);
      } catch (error) {
        if (isSilent() || error instanceof Deno.errors.ConnectionReset) return null;
        throw error;
      } finally {
        reading = false;
        clearTimeout(silence);
      }
    },
    async write(source) {
      try {
        return await socket.write(source);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        throw new Deno.errors.BrokenPipe("Broken pipe", { cause: error });
      }
    },
    closeWrite: () => socket.closeWrite(),
    close: () => end("closed"),
  };

  /** It may become so while a read is waited for. */
  function isSilent(): boolean {
    return over === "silent";
  }
}

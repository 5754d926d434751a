/**
 * The program in the background. A runtime with threads can't fork, so it starts itself again in a session of its own, and waits until that one takes
 * connections, or has ended: whoever asked for it sees what went wrong, and its exit code.
 *
 * @module
 */
import { inOwnSession } from "../process/session.ts";
import { sharedLibc } from "../sys/libc.ts";
import { readProc } from "../sys/proc_file.ts";
import { READY_MARK } from "./ready_mark.ts";

export interface DaemonOptions {
  /** Standard input of the one in the background: ours, where that is a socket to listen at, or nothing. */
  readonly stdin: "inherit" | "null";
  /** What the one in the background prints until it is ready. */
  readonly writeError: (text: string) => void;
}

/** How it went: its process id once it is ready, or the exit code that it ended with before. */
export type Daemon = { readonly pid: number } | { readonly code: number };

/** Starts the program in the background with such arguments. Throws what keeps it from starting. */
export async function startDaemon(
  args: readonly string[],
  { stdin, writeError }: DaemonOptions,
): Promise<Daemon> {
  const words = [...ownWords(), ...args];
  const { program, args: all, detached } = inOwnSession(Deno.execPath(), words);
  const mark = `${crypto.randomUUID()}\n`;
  const child = new Deno.Command(program, {
    args: [...all],
    env: { [READY_MARK]: mark },
    detached,
    stdin,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const at = text.indexOf(mark);
    if (at >= 0) {
      writeError(text.slice(0, at));
      child.unref();
      return { pid: child.pid };
    }
    const end = text.lastIndexOf("\n") + 1;
    writeError(text.slice(0, end));
    text = text.slice(end);
  }
  writeError(text);
  // Who ends well before it has begun has not begun.
  const { code } = await child.status;
  return { code: code === 0 ? 1 : code };
}

/** What stands between the runtime and our own arguments, where there is any. */
function ownWords(): string[] {
  if (Deno.build.standalone) return [];
  if (!sharedLibc.ok) throw new Error(`from source ${sharedLibc.reason}`);
  const words = readProc(sharedLibc.libc, "/proc/self/cmdline").split("\0").slice(1, -1);
  const options = words.slice(0, words.length - Deno.args.length - 1);
  // We may stand in another folder by now than it was found from.
  return [...options, Deno.mainModule];
}

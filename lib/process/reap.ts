/**
 * Children and their zombies: our own children are told from orphans, which nobody else waits for.
 *
 * @module
 */
import type { Emit } from "../events/events.ts";
import { type Libc, sharedLibc } from "../sys/libc.ts";

/** The runtime waits for these, or who started them. */
const own = new Set<number>();

/** Called when one of those has been waited for. */
let onOwnEnded = () => {};

// <sys/wait.h> of Linux, and where siginfo_t has its pid on 64-bit machines.
const P_ALL = 0;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const SIGINFO_BYTES = 128;
const SIGINFO_PID_OFFSET = 16;

/** Spawns, and keeps the reaper's hands off the child. Throws what `Deno.Command` throws. */
export function spawnOwn(
  program: string,
  options: Deno.CommandOptions & { readonly detached: boolean },
): Deno.ChildProcess {
  const child = new Deno.Command(program, options).spawn();
  claim(child.pid, child.status);
  return child;
}

/** Keeps the reaper's hands off a child until it has been waited for, which is when `status` settles. */
export function claim(pid: number, status: Promise<unknown>): void {
  own.add(pid);
  status.finally(() => {
    own.delete(pid);
    onOwnEnded();
  });
}

/**
 * Waits for orphans handed to us as the init process of a container, or as a subreaper, each time a child ends. Gives
 * the end of it. Linux only; needs FFI: without, it says so once and zombies of grandchildren stay.
 */
export function reapOrphans(emit: Emit): () => void {
  if (!sharedLibc.ok) {
    emit({ kind: "reaper-missing", reason: sharedLibc.reason });
    return () => {};
  }
  const { libc } = sharedLibc;
  const sweep = () => {
    for (let pid; (pid = nextEnded(libc)) !== 0;) {
      // It hides those behind it until it has been waited for, which brings us here again.
      if (own.has(pid)) return;
      if (libc.symbols.waitpid(pid, null, WNOHANG) !== pid) return;
      emit({ kind: "orphan-reaped", pid });
    }
  };
  Deno.addSignalListener("SIGCHLD", sweep);
  onOwnEnded = sweep;
  sweep();
  return () => {
    Deno.removeSignalListener("SIGCHLD", sweep);
    onOwnEnded = () => {};
  };
}

/**
 * A child that has ended and is still waited for, 0 when there is none. Not by `/proc`, whose files the runtime shows
 * only to who may do everything.
 */
function nextEnded({ symbols }: Libc): number {
  const siginfo = new DataView(new ArrayBuffer(SIGINFO_BYTES));
  symbols.waitid(P_ALL, 0, siginfo, WEXITED | WNOHANG | WNOWAIT);
  return siginfo.getInt32(SIGINFO_PID_OFFSET, true);
}

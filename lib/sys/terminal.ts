/**
 * Whether a SIGHUP is the end of the terminal that we were started in, which is to end us as it always has, or an operator who asks for a reload.
 *
 * When a terminal is closed the system, or the shell in it, sends SIGHUP, and nobody of its session has a controlling terminal any more: `/dev/tty`
 * can't be opened (ENXIO, tty(4)). Who doesn't want that starts us by nohup(1), which has us ignore SIGHUP, or in a session of its own. Linux alone,
 * and by FFI: the runtime opens no devices.
 *
 * With its first listener for any signal the runtime has its own handler for SIGHUP. So this module looks when it is imported, which comes before that.
 *
 * @module
 */
import { type Libc, sharedLibc } from "./libc.ts";

/** On every machine that Deno has a Linux for (signal(7)). */
const SIGHUP = 1;

/** Of <signal.h>. */
const SIG_IGN = 1n;

/** Of <fcntl.h>: not to become ours, nor anybody's whom we start. */
const O_NOCTTY_CLOEXEC = 0o2000400;

/** errno(3): there is none, or it has been hung up. */
const GONE = [6, 5];

const PATH = new TextEncoder().encode("/dev/tty\0");

/** Room for a `struct sigaction`, which begins with what is done (sigaction(2)). */
const SIGACTION_BYTES = 256;

/** How long who sends the signal may take to let the terminal go. */
const LETS_GO_MS = 50;

const isIgnored: boolean = sharedLibc.ok && Deno.build.os === "linux" &&
  isIgnoredNow(sharedLibc.libc);

/** Gives what tells, when a SIGHUP has come, whether the terminal is gone; null: there is none now, or its end is nothing to us. */
export function watchTerminal(): (() => Promise<boolean>) | null {
  if (Deno.build.os !== "linux" || !sharedLibc.ok) return null;
  const { libc } = sharedLibc;
  if (isIgnored || isGone(libc) !== false) return null;
  return async () => {
    if (isGone(libc)) return true;
    await new Promise((done) => setTimeout(done, LETS_GO_MS));
    return isGone(libc) === true;
  };
}

function isIgnoredNow({ symbols }: Libc): boolean {
  const action = new BigUint64Array(SIGACTION_BYTES / 8);
  return symbols.sigaction(SIGHUP, null, action) === 0 && action[0] === SIG_IGN;
}

/** Null: nobody can say. */
function isGone({ symbols }: Libc): boolean | null {
  const descriptor = symbols.open(PATH, O_NOCTTY_CLOEXEC);
  if (descriptor >= 0) {
    symbols.close(descriptor);
    return false;
  }
  const errno = new Deno.UnsafePointerView(symbols.__errno_location()!).getInt32();
  return GONE.includes(errno) ? true : null;
}

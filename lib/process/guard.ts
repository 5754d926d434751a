/**
 * No program outlives us, even when we are killed with SIGKILL and can stop nothing.
 *
 * A shell holds the other end of a pipe, is told each process group we start and each that has ended, and kills those left
 * when the pipe closes, which the kernel does however we end. This reaches grandchildren too, where PR_SET_PDEATHSIG
 * (`setpriv`) ends with the child itself. What it does not hold for: a program that makes a session of its own (a daemon); one started in
 * the instant before we die, its line not yet written; systems without `/bin/sh`. As PID 1 none is needed: the kernel
 * kills the whole container with us.
 *
 * @module
 */
import type { Emit } from "../events/events.ts";
import { spawnOwn } from "./reap.ts";

/** Built-in commands alone. Signals meant for us don't end it: only the pipe does. */
const SCRIPT = `
trap '' HUP INT TERM
groups=' '
while read -r change group; do
  case $change in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -KILL "-$group"; done
`;

export interface Guard {
  /** Once it resolves, the process group is killed if we end before {@linkcode Guard.forget}. Never rejects. */
  watch(group: number): Promise<void>;
  forget(group: number): void;
  /** Resolves when the shell is gone; it kills what is still watched. */
  close(): Promise<void>;
}

interface Shell {
  readonly process: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
}

/** There is no shell, or we may not start it: no later try will do better. */
const PERMANENT = [Deno.errors.NotFound, Deno.errors.PermissionDenied, Deno.errors.NotCapable];

/** Between two starts, so that a shell that can't live is not started over and over. */
const RESTART_MS = 1000;

/** The shell starts with the first group watched, and again if somebody kills it. */
export function createGuard(emit: Emit): Guard {
  const groups = new Set<number>();
  let shell: Shell | null = null;
  let unavailable = Deno.pid === 1;
  let outageTold = false;
  let restartTimer: ReturnType<typeof setTimeout> | undefined;

  /** A start that fails is tried again with the next program, unless no shell will ever start. */
  function ensureShell(): void {
    if (shell !== null || unavailable) return;
    try {
      shell = startShell();
      clearTimeout(restartTimer);
      void followShell(shell, performance.now());
      outageTold = false;
      for (const group of groups) void tell(`+ ${group}\n`);
    } catch (error) {
      unavailable = PERMANENT.some((kind) => error instanceof kind);
      const reason = (error as Error).message;
      if (!outageTold) emit({ kind: "guard-missing", reason });
      outageTold = true;
    }
  }

  /** What it watched when it ended, the next one does. */
  async function followShell(started: Shell, startedAt: number): Promise<void> {
    await started.process.status;
    shell = null;
    started.writer.abort().catch(() => {});
    if (groups.size === 0) return;
    const pauseMs = Math.max(0, startedAt + RESTART_MS - performance.now());
    restartTimer = setTimeout(() => {
      if (groups.size > 0) ensureShell();
    }, pauseMs);
  }

  async function tell(line: string): Promise<void> {
    await shell?.writer.write(encoder.encode(line)).catch(() => {});
  }

  return {
    watch(group) {
      ensureShell();
      groups.add(group);
      return tell(`+ ${group}\n`);
    },
    forget(group) {
      if (groups.delete(group)) void tell(`- ${group}\n`);
    },
    async close() {
      clearTimeout(restartTimer);
      // One that was killed has killed nothing.
      if (groups.size > 0) ensureShell();
      groups.clear();
      const last = shell;
      if (last === null) return;
      await last.writer.close().catch(() => {});
      await last.process.status;
    },
  };
}

function startShell(): Shell {
  const process = spawnOwn("/bin/sh", {
    args: ["-c", SCRIPT],
    clearEnv: true,
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  });
  return { process, writer: process.stdin.getWriter() };
}

const encoder = new TextEncoder();

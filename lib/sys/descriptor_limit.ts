/**
 * How many descriptors we may have open, and a program that we start: as many as we were given.
 *
 * `deno run` raises its own soft limit to the hard one at its start, from 1,024 to a million on many systems, and what it starts inherits that,
 * where a program that loops over all it may have, or uses select(2), is slow or breaks. An executable raises nothing. What we were given
 * is written nowhere, but the process that started us still has it: the nearest one that is no runtime which raises its own.
 *
 * @module
 */
import { type Libc, sharedLibc } from "./libc.ts";
import { readProc } from "./proc_file.ts";

/** `deno task` and npm's `npx` stand between us and the shell. */
const RAISES_ITS_OWN = /^(deno|node|npm|npx)\b/;

/** More than stand there. */
const MAX_ANCESTORS = 16;

// Of <bits/resource.h>.
const RLIMIT_NOFILE = 7;

export interface DescriptorLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** What we were given, looked up at the start, since who started us may be gone later; null: nothing was raised, or nobody knows. */
export const givenDescriptorLimit: DescriptorLimit | null = findGiven();

/** How many this process itself may have open now; null: nobody knows, or there is no bound. */
export function ownDescriptorLimit(): number | null {
  const ours = sharedLibc.ok ? limitOf(sharedLibc.libc, 0) : null;
  return ours === null || ours.soft > MOST_BOUNDED ? null : Number(ours.soft);
}

/** Above it is RLIM_INFINITY. */
const MOST_BOUNDED = 1n << 40n;

function findGiven(): DescriptorLimit | null {
  if (Deno.build.standalone || !sharedLibc.ok) return null;
  const { libc } = sharedLibc;
  const ours = limitOf(libc, 0);
  if (ours === null || ours.soft !== ours.hard) return null;
  let pid = libc.symbols.getppid();
  for (let step = 0; step < MAX_ANCESTORS && pid > 1; step++) {
    const stat = readProc(libc, `/proc/${pid}/stat`);
    // The name stands in parentheses and may hold any character (proc_pid_stat(5)).
    const [, name = "", parent = "0"] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat) ?? [];
    if (!RAISES_ITS_OWN.test(name)) {
      const theirs = limitOf(libc, pid);
      // With another hard limit it is no measure: ours was set after it had started.
      return theirs?.hard === ours.hard && theirs.soft < ours.soft ? theirs : null;
    }
    pid = Number(parent);
  }
  return null;
}

function limitOf({ symbols }: Libc, pid: number): DescriptorLimit | null {
  const limit = new BigUint64Array(2);
  if (symbols.prlimit(pid, RLIMIT_NOFILE, null, limit) !== 0) return null;
  return { soft: limit[0]!, hard: limit[1]! };
}

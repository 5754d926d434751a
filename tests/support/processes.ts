/** What the system says of processes (proc_pid_stat(5)). */

interface Stat {
  readonly state: string;
  readonly parent: number;
}

function statOf(pid: number): Stat | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The command's name stands in parentheses and may hold any character.
    const [state = "", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
export function isRunning(pid: number): boolean {
  return !["Z", "X", undefined].includes(statOf(pid)?.state);
}

/** Whether a signal has stopped a process. */
export function isStopped(pid: number): boolean {
  return statOf(pid)?.state === "T";
}

/** Children of a process, those that have ended and wait for it included. */
export function childrenOf(parent: number): number[] {
  return [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => Number(name))
    .filter((pid) => statOf(pid)?.parent === parent);
}

/** How many descriptors a process has open, but for {@linkcode ringCount}. */
export function descriptorCount(pid: number): number {
  return count(pid, (name) => name !== RING);
}

/** How many sockets a process has open; of other descriptors the runtime opens some when it likes. */
export function socketCount(pid: number): number {
  return count(pid, (name) => name.startsWith("socket:"));
}

/** How many io_urings a process has open: each worker of a loop has one from the first turn on in which it was busy. */
export function ringCount(pid: number): number {
  return count(pid, (name) => name === RING);
}

const RING = "anon_inode:[io_uring]";

function count(pid: number, isCounted: (name: string) => boolean): number {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].filter(({ name }) => isCounted(linkAt(`${folder}/${name}`)))
    .length;
}

/** Empty where it was closed meanwhile. */
function linkAt(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}

/**
 * How many connections and listeners a process has, those that are over and not closed among them; of its other sockets the runtime opens some when it
 * likes, and for each thread.
 */
export function connectionCount(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const sockets = [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`${folder}/${name}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  const others = new Set(namelessIn(pid));
  return sockets.filter((inode) => !others.has(inode)).length;
}

/** Sockets of its network that are no connections to others: netlink's, and unix ones without a name (proc_pid_net(5)). */
function namelessIn(pid: number): string[] {
  const rows = (name: string) =>
    Deno.readTextFileSync(`/proc/${pid}/net/${name}`).trim().split("\n").slice(1)
      .map((row) => row.trim().split(/\s+/));
  return [
    ...rows("unix").filter(({ length }) => length < 8).map((row) => row[6]!),
    ...rows("netlink").map((row) => row.at(-1)!),
  ];
}

/** Processes with these words on their command line (proc_pid_cmdline(5)). */
export function commandsWith(words: string): number[] {
  return [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name) && commandLine(name).includes(words))
    .map(({ name }) => Number(name));
}

function commandLine(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

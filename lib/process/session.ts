/**
 * A session of its own for a program that we start: one kill reaches all that it starts itself, and a Ctrl-C in our terminal doesn't.
 *
 * The runtime's own way, `detached`, makes it fork: it copies the tables of our memory, and then each page that we write to is copied once.
 * Measured: 2 ms at 70 MiB resident and 17 at 580, in which nobody is served, and after that 110 ms more for 512 MiB. Without
 * `detached` it does as vfork(2) does: half a millisecond, whatever we weigh. So setsid(1), which most systems have, makes the session and
 * becomes the program, under the same process id. Where the runtime has raised our limit of descriptors prlimit(1), which comes with setsid,
 * is in between and takes it back: done by us after the start it would come too late for some.
 *
 * @module
 */
import { givenDescriptorLimit } from "../sys/descriptor_limit.ts";
import { sharedLibc } from "../sys/libc.ts";

const FOLDERS = ["/usr/bin", "/bin"];

// Of <unistd.h>.
const X_OK = 1;

export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly detached: boolean;
}

/**
 * How to start a program in a session of its own. By the runtime where there is no setsid(1) or no FFI, or where the program can't be
 * executed: the runtime says why.
 */
export function inOwnSession(program: string, args: readonly string[], path?: string): Start {
  const setsid = findTool("setsid");
  const found = setsid === null ? null : findExecutable(program, path);
  if (setsid === null || found === null) return { program, args, detached: true };
  return { program: setsid, args: ["--", ...takeBackLimit(), found, ...args], detached: false };
}

/**
 * The words to execute for a program that is made the leader of a session by whoever starts it, the path of a file first. Throws where its
 * name is on none of the folders of `path`.
 */
export function asLeader(
  program: string,
  args: readonly string[],
  path?: string,
): readonly [file: string, ...words: string[]] {
  const found = findExecutable(program, path) ?? (program.includes("/") ? program : null);
  if (found === null) throw new Deno.errors.NotFound("there is no such program");
  const [limit, ...rest] = takeBackLimit();
  return limit === undefined ? [found, ...args] : [limit, ...rest, found, ...args];
}

/** The words in front of a command that give it the limit of descriptors that we were given. */
function takeBackLimit(): string[] {
  if (givenDescriptorLimit === null) return [];
  const prlimit = findTool("prlimit");
  const { soft, hard } = givenDescriptorLimit;
  return prlimit === null ? [] : [prlimit, `--nofile=${soft}:${hard}`, "--"];
}

const tools = new Map<string, string | null>();

/** One that was there stays there. */
function findTool(name: string): string | null {
  const known = tools.get(name);
  if (known !== undefined) return known;
  const found = FOLDERS.map((folder) => `${folder}/${name}`).find(isExecutable) ?? null;
  tools.set(name, found);
  return found;
}

/** Where execvp(3) finds the program. */
function findExecutable(program: string, path = ""): string | null {
  if (program.includes("/")) return isExecutable(program) ? program : null;
  const places = path.split(":").map((folder) => `${folder === "" ? "." : folder}/${program}`);
  return places.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  if (!sharedLibc.ok) return false;
  try {
    if (!Deno.statSync(path).isFile) return false;
  } catch {
    return false;
  }
  return sharedLibc.libc.symbols.access(new TextEncoder().encode(`${path}\0`), X_OK) === 0;
}

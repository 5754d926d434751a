/**
 * Files that lines are appended to: whether one can be, and how it is opened.
 *
 * @module
 */
import { readFailure } from "../base/read_file.ts";
import { within } from "../base/within.ts";
import { sharedLibc } from "./libc.ts";

/** For who owns the file and its group, less what the umask takes away. */
const MODE = 0o640;

/** A disk that takes longer is out of order. */
const OPEN_MS = 5_000;

/** What is opened, or why it can't be, in words that go behind its name. */
export type OpenedFile = { readonly file: Deno.FsFile } | { readonly problem: string };

/**
 * What keeps a file from being appended to, in words that go behind its name; null: nothing that can be seen without opening it. It need not
 * be there, its folder must.
 */
export function appendProblem(path: string): string | null {
  try {
    const { isDirectory, isFile } = Deno.statSync(path);
    if (isDirectory) return "is a directory";
    // To open a pipe is to wait for who reads it; devices the runtime keeps to itself, all but this.
    if (!isFile && path !== "/dev/null") return "is no regular file";
    return mayWrite(path, W_OK) ? null : DENIED;
  } catch (error) {
    return isAbsent(error) ? absentProblem(path) : `cannot be opened: ${readFailure(error)}`;
  }
}

const DENIED = "cannot be opened: permission denied";

function absentProblem(path: string): string | null {
  if (isLink(path)) return "is a link to something that isn't there";
  const folder = folderOf(path);
  try {
    if (!Deno.statSync(folder).isDirectory) return `${IN} is no folder`;
  } catch (error) {
    return isAbsent(error) ? `${IN} isn't there` : `cannot be opened: ${readFailure(error)}`;
  }
  return mayWrite(folder, W_OK | X_OK) ? null : DENIED;
}

const IN = "cannot be made: the folder that it is to be in";

/** Opens it, or makes it; what exists is kept, and written behind. */
export async function openToAppend(path: string): Promise<OpenedFile> {
  const problem = appendProblem(path);
  if (problem !== null) return { problem };
  const opening = Deno.open(path, { append: true, create: true, mode: MODE });
  if (!await within(opening, OPEN_MS)) {
    opening.then((file) => file.close(), () => {});
    return { problem: `cannot be opened: it takes longer than ${OPEN_MS / 1000} seconds` };
  }
  try {
    return { file: await opening };
  } catch (error) {
    return { problem: `cannot be opened: ${readFailure(error)}` };
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

function folderOf(path: string): string {
  const end = path.replace(/\/+$/, "").lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

/** access(2) */
const [W_OK, X_OK] = [2, 1];

/** Where nobody can be asked: who opens it learns it. */
function mayWrite(path: string, how: number): boolean {
  if (!sharedLibc.ok) return true;
  return sharedLibc.libc.symbols.access(new TextEncoder().encode(`${path}\0`), how) === 0;
}

/**
 * Opening files below a root that no link leads out of.
 *
 * The runtime can't tell the system to stay below a folder while it opens, so where a path leads is asked before and after. Who may
 * write below the root, and swaps a folder for a link, back and again within these moments, gets past it: he could as well put a copy there.
 *
 * @module
 */
import { constants, promises } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { readFailure } from "../../base/read_file.ts";
import type { FileFacts } from "../../http/static/answer_file.ts";

/** A file that is open, to be closed by who asked for it, and what was seen of it then. */
export interface OpenFile {
  readonly file: FileHandle;
  readonly facts: FileFacts;
}

/**
 * What is at a path: a file; a folder; nothing that may be shown, which is told to nobody apart from nothing at all; or in `problem` why
 * nobody can say.
 */
export type Found = OpenFile | "folder" | "nothing" | { readonly problem: string };

/**
 * What has taken a file's place meanwhile is not waited for, as the opening of a pipe would, on one of the runtime's few threads for
 * that; and no link is followed (open(2)).
 */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Not there, or not for us; `ENXIO`: a socket. */
const ABSENT = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES", "EPERM", "ENXIO"];

/**
 * Opens a regular file. `root` is a folder's real path, without links; `name` is relative to it, as `filePathOf()` gives it. Links may
 * lead to whatever is below the root, hidden or not: who made them meant it. Never rejects.
 */
export async function openBelow(root: string, name: string): Promise<Found> {
  try {
    const real = await realBelow(root, name);
    if (real === null) return "nothing";
    const { isFile, isDirectory } = await Deno.stat(real);
    if (isDirectory) return "folder";
    // To open a device may do something.
    return isFile ? await openReal(real) : "nothing";
  } catch (error) {
    return isAbsent(error) ? "nothing" : { problem: `cannot be opened: ${readFailure(error)}` };
  }
}

/** Where a name below a root leads; null: out of it. Rejects where it leads nowhere. */
export async function realBelow(root: string, name: string): Promise<string | null> {
  const real = await Deno.realPath(`${root}/${name}`);
  return isBelow(root, real) ? real : null;
}

async function openReal(real: string): Promise<OpenFile | "nothing"> {
  const file = await promises.open(real, OPEN_FLAGS);
  let isOurs = false;
  try {
    const seen = await file.stat();
    // In this order, so that who would deceive us has to swap three times.
    isOurs = seen.isFile() && await Deno.realPath(real) === real &&
      isSame(seen, await Deno.lstat(real));
    if (!isOurs) return "nothing";
    return { file, facts: { sizeBytes: seen.size, modifiedMs: Math.trunc(seen.mtimeMs) } };
  } finally {
    if (!isOurs) await file.close();
  }
}

type FileId = Pick<Deno.FileInfo, "dev" | "ino">;

/** Whether it is still that file which its path leads to. */
function isSame(one: FileId, other: FileId): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** Of the root `/` everything is below. */
function isBelow(root: string, real: string): boolean {
  const separator = Deno.build.os === "windows" ? "\\" : "/";
  return real === root || real.startsWith(root.endsWith(separator) ? root : root + separator);
}

/** Whether an error of the system says that something isn't there, or not for us. */
export function isAbsent(error: unknown): boolean {
  // /proc, /sys and /dev are kept from us by the runtime.
  if (error instanceof Deno.errors.NotCapable) return true;
  const { code } = error as { readonly code?: string };
  return code !== undefined && ABSENT.includes(code);
}

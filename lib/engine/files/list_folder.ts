/**
 * What is in a folder below a root, as far as it is shown.
 *
 * @module
 */
import { type ListedEntry, MAX_ENTRIES } from "../../http/static/listing.ts";
import { isShown } from "../../http/static/path.ts";
import { isAbsent, realBelow } from "./open_file.ts";

export interface Listed {
  readonly entries: readonly ListedEntry[];
  /** There are more than are shown. */
  readonly hasMore: boolean;
}

/** Files and folders, without what is hidden and without links that lead out; null: there is no such folder for us. `root` and `name` as in `openBelow()`. */
export async function listBelow(root: string, name: string): Promise<Listed | null> {
  try {
    const folder = await realBelow(root, name);
    if (folder === null) return null;
    const entries: ListedEntry[] = [];
    for await (const entry of Deno.readDir(folder)) {
      if (!isShown(entry.name) || !isText(entry.name)) continue;
      const isFolder = entry.isSymlink
        ? await isFolderBehind(root, folder, entry.name)
        : entry.isDirectory
        ? true
        : entry.isFile
        ? false
        : null;
      if (isFolder === null) continue;
      if (entries.length === MAX_ENTRIES) return { entries, hasMore: true };
      entries.push({ name: entry.name, isFolder });
    }
    return { entries, hasMore: false };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Whether a link leads to a folder, or false: to a file; null: to nothing that is shown. */
async function isFolderBehind(root: string, folder: string, link: string): Promise<boolean | null> {
  try {
    const real = await realBelow(root, `${folder.slice(root.length)}/${link}`);
    if (real === null) return null;
    const { isFile, isDirectory } = await Deno.stat(real);
    return isDirectory ? true : isFile ? false : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** No path leads to a name that isn't UTF-8, of which the runtime gives something like it. */
function isText(name: string): boolean {
  return name.isWellFormed() && !name.includes("\ufffd");
}

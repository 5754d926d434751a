/**
 * How many descriptors are open.
 *
 * @module
 */
import { sharedLibc } from "./libc.ts";

/** A name for each descriptor (proc_pid_fd(5)), which the runtime shows only to who may do everything. */
const FOLDER = new TextEncoder().encode("/proc/self/fd\0");

/** `.`, `..` and the one that it takes to look. */
const NOT_COUNTED = 3;

/** Those of this process; null: nobody knows. */
export function openDescriptors(): number | null {
  if (!sharedLibc.ok) return null;
  const { opendir, readdir, closedir } = sharedLibc.libc.symbols;
  const folder = opendir(FOLDER);
  if (folder === null) return null;
  let count = -NOT_COUNTED;
  while (readdir(folder) !== null) count++;
  closedir(folder);
  return count;
}

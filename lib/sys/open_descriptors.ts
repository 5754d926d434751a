/**
 * How many descriptors are open.
 *
 * @module
 */
import { type Libc, sharedLibc } from "./libc.ts";
import { O_CLOEXEC } from "./socket_constants.ts";

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

/** Whether so many more can be opened now. */
export function hasSpare({ symbols }: Libc, count: number): boolean {
  const opened: number[] = [];
  for (let left = count; left > 0; left--) {
    const descriptor = symbols.eventfd(0, O_CLOEXEC);
    if (descriptor < 0) break;
    opened.push(descriptor);
  }
  for (const descriptor of opened) symbols.close(descriptor);
  return opened.length === count;
}

/**
 * By what one sees that a file has changed: that it was written, replaced by another, or that a symbolic link leads to another.
 *
 * @module
 */

/** Says of two looks at a file whether they saw the same. */
export function stampOf({ dev, ino, size, mtime, ctime }: Deno.FileInfo): string {
  return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(":");
}

/** That of the file there now; of one that can't be seen why it can't. */
export function stampAt(path: string): string {
  try {
    return stampOf(Deno.statSync(path));
  } catch (error) {
    return (error as Error).name;
  }
}

/**
 * Command lines that are shown, so that they can be copied into a shell.
 *
 * @module
 */

/** A word as a POSIX shell takes it for itself: in single quotes where it needs them (XCU 2.2.2). */
export function shellWord(word: string): string {
  return /^[\w%+,./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

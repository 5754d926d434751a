/**
 * Permissions of files, as chmod(1) writes them.
 *
 * @module
 */

/** What is allowed, for a message. */
export const FILE_MODE_RULE = 'must be three octal digits, such as "0660"';

/** Reads permissions, `660` or `0660`; null: they are none. */
export function parseFileMode(text: string): number | null {
  return /^0?[0-7]{3}$/.test(text) ? parseInt(text, 8) : null;
}

/** Writes permissions the way {@linkcode parseFileMode} reads them. */
export function formatFileMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

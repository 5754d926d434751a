/**
 * Entity tags, RFC 9110 section 8.8.3.
 *
 * @module
 */

/** In lists that have "*" in their place. */
export const ANY = "*";

/** One element of a list, which may be empty; each space is looked at by one part of it only, so that none is slow. */
const ELEMENT = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/**
 * The tag of a file with a time and a size, as it is sent with a coding or, empty, without one: each is a representation of its own
 * (section 8.8.3.3).
 *
 * It is a strong one: no two contents have had it unless a file was written twice within a millisecond with the same length, or its time was set back.
 */
export function entityTag(modifiedMs: number, sizeBytes: number, coding: string): string {
  const tag = `${Math.trunc(modifiedMs).toString(16)}-${sizeBytes.toString(16)}`;
  return coding === "" ? `"${tag}"` : `"${tag}-${coding}"`;
}

/** The tags of If-Match or If-None-Match, or {@linkcode ANY}; a list that can't be read has none. */
export function parseTags(value: string): readonly string[] | typeof ANY {
  if (value === ANY) return ANY;
  const tags: string[] = [];
  for (ELEMENT.lastIndex = 0; ELEMENT.lastIndex < value.length;) {
    const match = ELEMENT.exec(value);
    if (match === null) return [];
    if (match[1] !== undefined) tags.push(match[1]);
  }
  return tags;
}

/** Strong comparison with a strong tag (section 8.8.3.2): a weak one is never the same. */
export function hasStrongly(tags: readonly string[], strong: string): boolean {
  return tags.includes(strong);
}

/** Weak comparison with a strong tag. */
export function hasWeakly(tags: readonly string[], strong: string): boolean {
  return tags.some((tag) => tag.replace(/^W\//, "") === strong);
}

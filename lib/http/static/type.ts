/**
 * Media types by the ends of files' names.
 *
 * @module
 */
import { mimes } from "mrmime";

/** What no type is known for: saved, not shown (RFC 9110 section 8.3). */
const UNKNOWN = "application/octet-stream";

/** The type for a file's name; text is taken to be UTF-8. */
export function typeOf(name: string): string {
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot + 1).toLowerCase();
  if (dot < 0 || !Object.hasOwn(mimes, extension)) return UNKNOWN;
  const type = mimes[extension]!;
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type;
}

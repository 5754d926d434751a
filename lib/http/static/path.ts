/**
 * From a request's path to the name of a file below a root, which it can't leave.
 *
 * Decided by the text alone. That no symbolic link leads out, and that it is a regular file, is for who opens it to see.
 *
 * @module
 */
import { decodePercent } from "../../base/percent.ts";
import { type Answer, answer } from "../answer.ts";
import { queryOf } from "../query.ts";

/**
 * The file that a canonical path means, relative to the root and with `/` between its names; a path that ends with a slash
 * means the index of its folder. Null: no file that is shown has this path, be it there or not. It is decoded once.
 *
 * A canonical path has no dot segments, backslashes or control characters; they are looked for again, since here they would do harm.
 */
export function filePathOf(path: string, index: string): string | null {
  if (!path.startsWith("/")) return null;
  const decoded = decodePercent(path.slice(1));
  if (decoded === null) return null;
  const names = decoded.split("/");
  // An escaped slash would make more of them.
  if (names.length !== path.split("/").length - 1) return null;
  if (names.at(-1) === "") names[names.length - 1] = index;
  return names.every(isShown) ? names.join("/") : null;
}

/**
 * What of a canonical path stands behind a prefix, beginning with a slash; empty: the path is the prefix itself, which is a folder's. Null: the
 * prefix is not in front of it, or ends within a name.
 */
export function pathBehind(path: string, prefix: string): string | null {
  if (!path.startsWith(prefix)) return null;
  const start = prefix.length - (prefix.endsWith("/") ? 1 : 0);
  const rest = path.slice(start);
  return rest === "" || rest.startsWith("/") ? rest : null;
}

/**
 * Whether a name within a folder is shown: not what is hidden by its dot in front, `..` and what editors, `git` and web servers keep; and nothing
 * that no canonical path names.
 */
export function isShown(name: string): boolean {
  return name !== "" && !name.startsWith(".") && !/[\\\p{Cc}]/u.test(name);
}

/**
 * Sends whoever asks for a folder without a slash at its end to the path with one, so that relative links in its index hold. It
 * leads by a canonical path, which begins with one slash and so names no other host (RFC 3986 section 4.2).
 */
export function redirectToFolder(path: string, target: string): Answer {
  const query = queryOf(target);
  const location = query === "" ? `${path}/` : `${path}/?${query}`;
  return answer(301, "this is a folder: its path ends with a slash", {
    "location": location,
    "cache-control": "no-cache",
  });
}

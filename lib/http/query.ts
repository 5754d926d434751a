/**
 * The query of a request's target.
 *
 * @module
 */

/** A target without the parameters of some names, however these are escaped: those that hold secrets. The rest stays as it was sent. */
export function withoutParameters(target: string, names: readonly string[]): string {
  const mark = target.indexOf("?");
  if (mark < 0 || names.length === 0) return target;
  const end = target.indexOf("#", mark);
  const query = target.slice(mark + 1, end < 0 ? undefined : end);
  const kept = query.split("&").filter((pair) => !names.includes(nameOf(pair)));
  const path = target.slice(0, mark);
  return kept.length === 0 ? path : `${path}?${kept.join("&")}`;
}

/** Blanks around it are no part of it; one with a broken escape has no other name than that. */
function nameOf(pair: string): string {
  const [written = ""] = pair.split("=", 1);
  try {
    return decodeURIComponent(written.replaceAll("+", " ")).trim();
  } catch {
    return written;
  }
}

/** What stands behind the `?`. */
export function queryOf(target: string): string {
  return /^[^?#]*\?([^#]*)/.exec(target)?.[1] ?? "";
}

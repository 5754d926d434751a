/**
 * The one path that a request's target means, whoever reads it: a proxy in front with rules for paths, we with our keys, a
 * program told of it. A target of which two readers could see different paths has none and is refused.
 *
 * Canonical is the normal form of RFC 3986 section 6.2.2: nothing escaped that needs no escape, upper-case hex digits in what
 * does. Beyond it:
 *
 * - Sub-delims, `:` and `@` lose their escape as the unreserved characters do: no segment is taken apart here, and a proxy that
 *   matches what it has decoded (nginx) sees no difference either.
 * - Slashes at the start are one slash, as clients send them that put a `/` before a path that has one.
 * - Refused are dot segments (section 5.2.4) however written, since not every proxy removes them (HAProxy doesn't) and every
 *   browser and URL library has before it sends; empty segments further on, which some proxies merge; backslashes, slashes that
 *   are escaped, control characters, broken escapes, bytes that aren't UTF-8 (overlong forms among them), and fragments.
 *
 * @module
 */
import { decodePercent } from "./percent.ts";

/** A path, or in `problem` why there is none. */
export type CanonicalPath = { readonly path: string } | { readonly problem: string };

/** A path that is canonical as it stands: no escapes, no segment that is empty or begins with a dot. */
const PLAIN = /^(?:\/[\w~!$&'()*+,;=:@-][\w~!$&'()*+,;=:@.-]*)*\/?$/;

/** The path of a request's target, which may have a query; the target is in origin-form (RFC 9112 section 3.2.1). */
export function canonicalPath(target: string): CanonicalPath {
  if (target.includes("#")) return { problem: "the target has a fragment" };
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  if (!path.startsWith("/")) return { problem: "the target is no path" };
  return PLAIN.test(path) ? { path } : canonical(path.replace(/^\/+/, "/"));
}

/** Stands for the rest of a path where a key leaves it open; harmless beside anything. */
const REST = "x";

/**
 * A key of `wstunnel.server` in the form of canonical paths: a prefix of them when it starts with `/`, else a suffix. It may be
 * written with escapes or without; a problem says that no path can match.
 */
export function canonicalKey(key: string): CanonicalPath {
  if (!key.startsWith("/")) return canonicalSuffix(key);
  const whole = canonical(key.replace(/^\/+/, "/") + REST);
  return "problem" in whole ? whole : { path: whole.path.slice(0, -REST.length) };
}

/** A suffix in the form of canonical paths, whatever it starts with. */
export function canonicalSuffix(suffix: string): CanonicalPath {
  const start = "/" + REST;
  const whole = canonical(start + suffix);
  return "problem" in whole ? whole : { path: whole.path.slice(start.length) };
}

/** Takes characters that a URL may not hold as if they were escaped. */
function canonical(path: string): CanonicalPath {
  if (/\\|%5c/i.test(path)) return { problem: "the path has a backslash" };
  if (/%2f/i.test(path)) return { problem: "the path has an escaped slash" };
  if (/%(?![0-9a-f]{2})/i.test(path)) return { problem: "the path has a broken escape" };
  const decoded = decodePercent(path);
  if (decoded === null) return { problem: "the path is not UTF-8" };
  if (/\p{Cc}/u.test(decoded)) return { problem: "the path has a control character" };
  const segments = decoded.split("/").slice(1);
  if (segments.some(isDotSegment)) return { problem: "the path has a dot segment" };
  // The last one is empty where the path ends with a slash.
  if (segments.slice(0, -1).includes("")) return { problem: "the path has an empty segment" };
  return { path: encodeURI(decoded).replaceAll("?", "%3F").replaceAll("#", "%23") };
}

/** With parameters (RFC 3986 section 3.3) too: some readers take them off first. */
function isDotSegment(segment: string): boolean {
  return /^\.\.?(?:;|$)/.test(segment);
}

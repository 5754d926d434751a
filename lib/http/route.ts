/**
 * From a request's path to the key of `wstunnel.server` that serves it.
 *
 * @module
 */

/** Whether a key matches a path: as its prefix when it starts with `/`, else as its suffix. */
export function keyMatches(key: string, path: string): boolean {
  return key.startsWith("/") ? path.startsWith(key) : path.endsWith(key);
}

/**
 * Gives the key that serves a path, or null: the one that `mapExtensions` names for the path's suffix, else the first
 * in file order that matches.
 */
export function matchRoute(
  path: string,
  keys: readonly string[],
  mapExtensions: Readonly<Record<string, string>>,
): string | null {
  for (const [suffix, key] of Object.entries(mapExtensions)) {
    if (path.endsWith(suffix) && keys.includes(key)) return key;
  }
  return keys.find((key) => keyMatches(key, path)) ?? null;
}

/**
 * From a request's path to the route that serves it.
 *
 * @module
 */

/** Whether a key matches a path: as its prefix when it starts with `/`, else as its suffix. */
export function keyMatches(key: string, path: string): boolean {
  return key.startsWith("/") ? path.startsWith(key) : path.endsWith(key);
}

/**
 * Gives the route that serves a path, or null: the one whose key `mapExtensions` names for the path's suffix, else the
 * first in file order whose key matches.
 */
export function matchRoute<Route extends { readonly key: string }>(
  path: string,
  routes: readonly Route[],
  mapExtensions: Readonly<Record<string, string>>,
): Route | null {
  for (const [suffix, key] of Object.entries(mapExtensions)) {
    const named = path.endsWith(suffix) ? routes.find((route) => route.key === key) : undefined;
    if (named !== undefined) return named;
  }
  return routes.find(({ key }) => keyMatches(key, path)) ?? null;
}

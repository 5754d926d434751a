/**
 * From a request's path to the route that serves it.
 *
 * @module
 */
import { canonicalKey, type CanonicalPath, canonicalSuffix } from "../base/request_path.ts";

/** A route and what of a canonical path it is found by. */
interface Entry<Route> {
  readonly route: Route;
  readonly match: string;
}

/** Routes, ready to be found by canonical paths; those that no path can match are left out. */
export interface RouteTable<Route> {
  /** By their keys, in file order. */
  readonly keys: readonly Entry<Route>[];
  /** By the suffixes that `map-extensions` lets stand for their keys. */
  readonly suffixes: readonly Entry<Route>[];
}

/** Makes a table of routes and of `map-extensions`, from a suffix to the key that it stands for. */
export function compileRoutes<Route extends { readonly key: string }>(
  routes: readonly Route[],
  mapExtensions: Readonly<Record<string, string>>,
): RouteTable<Route> {
  return {
    keys: routes.flatMap((route) => entry(route, canonicalKey(route.key))),
    suffixes: Object.entries(mapExtensions).flatMap(([suffix, key]) =>
      routes.filter((route) => route.key === key)
        .flatMap((route) => entry(route, canonicalSuffix(suffix)))
    ),
  };
}

function entry<Route>(route: Route, canonical: CanonicalPath): Entry<Route>[] {
  return "problem" in canonical ? [] : [{ route, match: canonical.path }];
}

/** Whether a canonical key matches a canonical path: as its prefix when it starts with `/`, else as its suffix. */
export function keyMatches(match: string, path: string): boolean {
  return match.startsWith("/") ? path.startsWith(match) : suffixMatches(match, path);
}

/** Not where the suffix would begin within an escape: `20a` is no end of `/%20a`. */
function suffixMatches(match: string, path: string): boolean {
  return path.endsWith(match) && !/%.?$/.test(path.slice(0, path.length - match.length));
}

/**
 * Gives the route that serves a canonical path, or null: the one whose key `map-extensions` names for the path's suffix, else
 * the first in file order whose key matches.
 */
export function matchRoute<Route>(path: string, table: RouteTable<Route>): Route | null {
  const found = table.suffixes.find(({ match }) => suffixMatches(match, path)) ??
    table.keys.find(({ match }) => keyMatches(match, path));
  return found?.route ?? null;
}

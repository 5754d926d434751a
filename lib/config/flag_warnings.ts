/**
 * Flags that the file keeps from their effect.
 *
 * @module
 */
import type { Finding, Path } from "./problem.ts";
import { isTable, tableAt } from "./table.ts";

/** Warns of flags for all routes where a route of the file says something else for itself; takes the places that flags set. */
export function warnOfFlags(places: readonly Path[], raw: unknown): Finding[] {
  const [wstunnel, server] = ["wstunnel", "server"];
  // With --server the routes are the command line's, where both stand before everybody's eyes.
  const isReplaced = places.some(([top, key]) => top === wstunnel && key === server);
  if (isReplaced) return [];
  const routes = Object.entries(tableAt(raw, [wstunnel, server]));
  return places.flatMap((path): Finding[] => {
    const [top, key] = path;
    if (top !== wstunnel || key === undefined) return [];
    const own = routes.filter(([, route]) => isTable(route) && route[key] !== undefined)
      .map(([name]) => JSON.stringify(name));
    const rule = `doesn't hold for ${own.join(", ")}: what a route says for itself does`;
    return own.length === 0 ? [] : [{ path, rule }];
  });
}

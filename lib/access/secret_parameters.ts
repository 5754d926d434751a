/**
 * Which parameters of a query hold what proves who somebody is.
 *
 * @module
 */
import type { RouteConfig } from "../config/config.ts";

/** Their names: of the route's places of tokens those that are in the query. */
export function secretParameters({ auth }: Pick<RouteConfig, "auth">): string[] {
  return (auth?.from ?? []).flatMap((place) => place.kind === "query" ? [place.name] : []);
}

/**
 * The rows of `top`'s lists: filtered, sorted, and which one is chosen.
 *
 * @module
 */
import type { BackendRow, TunnelRow } from "../../control/admin/shapes.ts";
import { TUNNEL_COLUMNS } from "../columns.ts";
import type { List, TopState } from "./state.ts";

/** The tunnels that have the filter's words somewhere, in the order that was chosen. */
export function shownTunnels({ seen, filter, sort }: TopState): TunnelRow[] {
  const { by } = TUNNEL_COLUMNS.find(({ title }) => title === sort.title)!;
  const words = filter.toLowerCase();
  const sign = sort.isDown ? -1 : 1;
  return seen.tunnels.filter((row) => words === "" || textOf(row).includes(words))
    .toSorted((a, b) => sign * compare(by(a), by(b)) || a.id - b.id);
}

function textOf(row: TunnelRow): string {
  const { id, client, via, user, route, path, host, origin, subprotocol, backend } = row;
  const words = [id, client, via, user, route, path, host, origin, subprotocol, backend];
  return words.filter((word) => word !== undefined).join("\n").toLowerCase();
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a row is found again by. */
export function tunnelKey({ id }: TunnelRow): string {
  return String(id);
}

export function backendKey({ route, backend, pid }: BackendRow): string {
  return JSON.stringify([route, backend, pid]);
}

/** The keys of a list's rows, in their order. */
export function keysOf(state: TopState, list: List): string[] {
  return list === "tunnels"
    ? shownTunnels(state).map(tunnelKey)
    : state.seen.backends.map(backendKey);
}

/** Where the chosen row is now; where it is gone, the one at its place; -1: there is none. */
export function chosenAt({ chosen }: TopState, list: List, keys: readonly string[]): number {
  const { key, at } = chosen[list];
  const found = key === null ? -1 : keys.indexOf(key);
  return found >= 0 ? found : Math.min(at, keys.length - 1);
}

/**
 * The columns of tunnels and backends, for the commands and for `top`.
 *
 * @module
 */
import type { BackendRow, TunnelRow } from "../control/admin/shapes.ts";
import type { Column } from "./table.ts";
import { shortBytes, shortRate, shortTime } from "./units.ts";

/** Up is to the backend, down to the client. */
export const TUNNEL_COLUMNS: readonly Column<TunnelRow>[] = [
  { title: "ID", text: ({ id }) => String(id), by: ({ id }) => id, right: true, rank: 0 },
  { title: "CLIENT", text: ({ client }) => client, by: ({ client }) => client, rank: 1, least: 15 },
  {
    title: "USER",
    text: ({ user }) => user ?? "",
    by: ({ user }) => user ?? "",
    rank: 8,
    least: 6,
  },
  { title: "ROUTE", text: ({ route }) => route, by: ({ route }) => route, rank: 4, least: 6 },
  {
    title: "BACKEND",
    text: ({ backend }) => backend,
    by: ({ backend }) => backend,
    rank: 5,
    least: 14,
  },
  {
    title: "AGE",
    text: ({ seconds }) => shortTime(seconds),
    by: ({ seconds }) => seconds,
    right: true,
    rank: 6,
    usual: 9,
  },
  {
    title: "UP",
    text: ({ up }) => shortBytes(up),
    by: ({ up }) => up,
    right: true,
    rank: 9,
    usual: 8,
  },
  {
    title: "DOWN",
    text: ({ down }) => shortBytes(down),
    by: ({ down }) => down,
    right: true,
    rank: 10,
    usual: 8,
  },
  {
    title: "UP/S",
    text: ({ upRate }) => shortRate(upRate),
    by: ({ upRate }) => upRate,
    right: true,
    rank: 3,
    usual: 10,
  },
  {
    title: "DOWN/S",
    text: ({ downRate }) => shortRate(downRate),
    by: ({ downRate }) => downRate,
    right: true,
    rank: 2,
    usual: 10,
  },
  { title: "WAITS", text: ({ waits }) => waits ?? "", by: ({ waits }) => waits ?? "", rank: 7 },
];

export const BACKEND_COLUMNS: readonly Column<BackendRow>[] = [
  {
    title: "BACKEND",
    text: ({ backend }) => backend,
    by: ({ backend }) => backend,
    rank: 0,
    least: 9,
  },
  { title: "ROUTE", text: ({ route }) => route, by: ({ route }) => route, rank: 2, least: 6 },
  { title: "STATE", text: stateOf, by: stateOf, rank: 1 },
  { title: "LOAD", text: ({ load }) => String(load), by: ({ load }) => load, right: true, rank: 3 },
  {
    title: "SERVED",
    text: ({ tunnelsServed }) => String(tunnelsServed),
    by: ({ tunnelsServed }) => tunnelsServed,
    right: true,
    rank: 5,
  },
  {
    title: "FAILURES",
    text: ({ failures }) => String(failures),
    by: ({ failures }) => failures,
    right: true,
    rank: 4,
  },
  {
    title: "PID",
    text: ({ pid }) => pid === undefined ? "" : String(pid),
    by: ({ pid }) => pid ?? 0,
    right: true,
    rank: 6,
  },
];

/** Its own state, and that nobody is sent there. */
export function stateOf({ state, drained }: BackendRow): string {
  return drained && state !== "draining" ? `${state}, drained` : state;
}

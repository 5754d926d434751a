/**
 * The form of the configuration file: how the tables of keys are put together, and all that is wrong with one.
 * What ties several keys together is in `rules.ts`.
 *
 * @module
 */
import { type Check, checkFixedTable, checksOf, type FixedTable } from "./fixed_table.ts";
import { HOST } from "./host_keys.ts";
import { namesOf } from "./key.ts";
import { ROUTE, ROUTE_ONLY, WSTUNNEL } from "./keys.ts";
import { under } from "./kinds.ts";
import { LISTENER } from "./listener.ts";
import type { Finding } from "./problem.ts";
import { isTable } from "./table.ts";
import { TOP } from "./top_keys.ts";

/** The tables with fixed keys, from the outermost, and how a user is told where each is. */
const HOMES = [
  { place: "at the top of the file, above [wstunnel]", names: [...namesOf(TOP), "wstunnel"] },
  { place: "under [wstunnel]", names: ["server", ...namesOf(WSTUNNEL)] },
  { place: 'to a host, as under [[wstunnel.server."/key"]]', names: namesOf(HOST) },
  {
    place: 'to a route, under [wstunnel.server."/key"] with [[wstunnel.server."/key".hosts]] below',
    names: ["hosts", ...namesOf(ROUTE_ONLY), ...namesOf(ROUTE)],
  },
  { place: "to a listener, under [[listen]]", names: namesOf(LISTENER) },
];

function homeOf(name: string): string | null {
  return HOMES.find(({ names }) => names.includes(name))?.place ?? null;
}

/** What a host of a list doesn't have is first looked for near it. */
function homeAboveHost(name: string): string | null {
  return HOMES.findLast(({ names }) => names.includes(name))?.place ?? null;
}

const HOST_TABLE: FixedTable = {
  checks: new Map(checksOf(HOST)),
  homeOf: homeAboveHost,
};

const checkHost: Check = (written) => checkFixedTable(HOST_TABLE, written);

function checkHosts(written: readonly unknown[]): readonly Finding[] {
  return written.length > 0
    ? written.flatMap((host, at) => under(at, checkHost(host)))
    : [{ path: [], rule: "must have at least one host, or targets", value: written }];
}

/** What may be a list of hosts, or a single table that `check` knows. */
function orHosts(check: Check): Check {
  return (written) => {
    if (Array.isArray(written)) return checkHosts(written);
    if (isTable(written)) return check(written);
    return [{ path: [], rule: "must be a table or a list of tables", value: written }];
  };
}

/**
 * A route as a table: its settings, and its hosts as a list, or one host whose keys stand beside the settings. It stands at its
 * key of `wstunnel.server`, where lighttpd's forms stand as well, so that all keys are in one table and in file order, which
 * decides between two that match. What has a list of hosts there has no place for settings: TOML takes no table of a name that
 * has been a list.
 */
const ROUTE_TABLE: FixedTable = {
  checks: new Map([
    ["hosts", orHosts(checkHost)],
    ...checksOf(ROUTE_ONLY),
    ...checksOf(ROUTE),
    ...checksOf(HOST),
  ]),
  homeOf,
};

const checkRoute = orHosts((route) => checkFixedTable(ROUTE_TABLE, route));

function checkServer(written: unknown): readonly Finding[] {
  if (!isTable(written)) return [{ path: [], rule: "must be a table of keys", value: written }];
  return Object.entries(written).flatMap(([key, route]) => under(key, checkRoute(route)));
}

const WSTUNNEL_TABLE: FixedTable = {
  checks: new Map([["server", checkServer], ...checksOf(WSTUNNEL)]),
  homeOf,
};

const FILE: FixedTable = {
  checks: new Map([
    ...checksOf(TOP),
    ["wstunnel", (written) => checkFixedTable(WSTUNNEL_TABLE, written)],
  ]),
  homeOf,
};

/** Finds everything that is wrong with the form of a whole configuration. */
export function checkForm(raw: unknown): readonly Finding[] {
  return checkFixedTable(FILE, raw);
}

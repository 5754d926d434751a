/**
 * What a configuration makes other than the one before it, in words, a line each, in the order of the file:
 *
 * ```
 * ~ grace-time 8 -> 10
 * + listen 127.0.0.1:81
 * ~ ping-interval unset -> 30
 * + route /b (2 hosts)
 * ~ route /c: + host 127.0.0.1:5901, - host 127.0.0.1:5900, ~ host db.test:5432 (connect-timeout 8 -> 3), ~ origins
 * - route /a
 * ```
 *
 * The names are those of the tables of keys. Of what is more than a word or a number, and of what may be a secret, nothing but the name is told.
 *
 * @module
 */
import { nameHosts } from "../backend/host_name.ts";
import { formatAddress } from "../base/address.ts";
import type {
  Config,
  HostConfig,
  ListenEntry,
  RouteConfig,
  RouteSettings,
} from "../config/config.ts";
import { toTarget } from "../config/effective.ts";
import { ANY_HOST, EXEC, PROGRAM, TARGET } from "../config/host_keys.ts";
import { isSame, type Key, type Keys } from "../config/key.ts";
import { FOR_ALL, ROUTE, ROUTE_ONLY } from "../config/keys.ts";
import { ANY_LISTENER, SOCKET_FILE } from "../config/listener.ts";
import { quote } from "../config/problem.ts";
import { TARGETS } from "../config/target_keys.ts";
import { TOP } from "../config/top_keys.ts";

/** The values of a table's keys, by what they are called inside; undefined: there is no such table. */
type Values = Readonly<Record<string, unknown>> | undefined;

/** A table of keys, and what it holds. */
type Part = readonly [keys: Keys, values: object | undefined];

/** All that differs; none: the configurations mean the same. */
export function difference(before: Config, after: Config): string[] {
  const { listen: _, ...top } = TOP;
  return [
    ...listDifference("listen", places(before.listen), places(after.listen), changedPlace),
    ...changed([top, before], [top, after]).map((words) => `~ ${words}`),
    ...changed([ROUTE, before.routeDefaults], [ROUTE, after.routeDefaults])
      .map((words) => `~ ${words}`),
    ...changed([FOR_ALL, before], [FOR_ALL, after]).map((words) => `~ ${words}`),
    ...listDifference(
      "route",
      byKey(before),
      byKey(after),
      (a, b) => changedRoute(a, b, before.routeDefaults, after.routeDefaults),
      ({ hosts, targets, web }) =>
        targets !== undefined
          ? "targets"
          : hosts.length === 0 && web !== undefined
          ? "files"
          : plural(hosts.length, "host"),
    ),
    ...(isReordered(before, after) ? ["~ order of the routes"] : []),
  ];
}

/** What is there no more stands behind what is, which is in its order. */
function listDifference<T>(
  what: string,
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  changesOf: (before: T, after: T) => string | null,
  describe: (one: T) => string | null = () => null,
): string[] {
  const lines = [...after].flatMap(([name, one]) => {
    const former = before.get(name);
    if (former === undefined) {
      const words = describe(one);
      return [`+ ${what} ${word(name)}${words === null ? "" : ` (${words})`}`];
    }
    const changes = changesOf(former, one);
    return changes === null ? [] : [`~ ${what} ${word(name)}${changes}`];
  });
  const gone = [...before.keys()].filter((name) => !after.has(name));
  return [...lines, ...gone.map((name) => `- ${what} ${word(name)}`)];
}

/** By their addresses; the same one stands there twice where any free port is asked for. */
function places(listen: readonly ListenEntry[]): Map<string, ListenEntry> {
  return new Map(
    numbered(listen.map(({ address }) => formatAddress(address))).map((
      name,
      at,
    ) => [name, listen[at]!]),
  );
}

function changedPlace(before: ListenEntry, after: ListenEntry): string | null {
  const changes = [
    ...changed([ANY_LISTENER, before], [ANY_LISTENER, after]),
    ...changed([SOCKET_FILE, before.file], [SOCKET_FILE, after.file]),
  ];
  return changes.length === 0 ? null : `: ${changes.join(", ")}`;
}

function byKey({ routes }: Config): Map<string, RouteConfig> {
  return new Map(routes.map((route) => [route.key, route]));
}

/** What all routes have alike is told once, for all. */
function changedRoute(
  before: RouteConfig,
  after: RouteConfig,
  defaultsBefore: RouteSettings,
  defaultsAfter: RouteSettings,
): string | null {
  const own = Object.entries<Key>(ROUTE).filter(([inner]) => {
    const name = inner as keyof RouteSettings;
    const follows = isSame(before[name], defaultsBefore[name]) &&
      isSame(after[name], defaultsAfter[name]);
    return !follows;
  });
  const keys = Object.fromEntries(own);
  const changes = [
    ...listDifference("host", hostsOf(before), hostsOf(after), changedHost),
    ...changedTargets(before.targets, after.targets),
    ...changed([{ web: ROUTE_ONLY.web }, before], [{ web: ROUTE_ONLY.web }, after])
      .map((words) => `~ ${words}`),
    ...changed([keys, before], [keys, after]).map((words) => `~ ${words}`),
  ];
  return changes.length === 0 ? null : `: ${changes.join(", ")}`;
}

function changedTargets(before: RouteConfig["targets"], after: RouteConfig["targets"]): string[] {
  if (before === undefined || after === undefined) {
    return before === after ? [] : [`${after === undefined ? "-" : "+"} targets`];
  }
  const isOther = changed([TARGETS, before], [TARGETS, after]).length > 0;
  return [
    ...(isOther ? ["~ targets"] : []),
    ...changed([ANY_HOST, before.host], [ANY_HOST, after.host]).map((words) => `~ ${words}`),
  ];
}

function hostsOf({ hosts }: RouteConfig): Map<string, HostConfig> {
  const names = nameHosts(hosts.map(({ target }) => target)).map(({ shown }) => shown);
  return new Map(numbered(names).map((name, at) => [name, hosts[at]!]));
}

function changedHost(before: HostConfig, after: HostConfig): string | null {
  const [parts, partsAfter] = [partsOf(before), partsOf(after)];
  const changes = parts.flatMap((part, at) => changed(part, partsAfter[at]!));
  return changes.length === 0 ? null : ` (${changes.join(", ")})`;
}

function partsOf(host: HostConfig): Part[] {
  const { target, program } = host;
  return [
    [TARGET, toTarget(host)],
    [EXEC, target.transport === "exec" ? target : undefined],
    [ANY_HOST, host],
    [PROGRAM, program],
  ];
}

/** The keys of a table whose values differ; none where one of the two has no such table, which something else says. */
function changed([keys, before]: Part, [, after]: Part): string[] {
  if (before === undefined || after === undefined) return [];
  return Object.entries(keys).flatMap(([inner, key]) => {
    const [a, b] = [(before as Values)?.[inner], (after as Values)?.[inner]];
    return isSame(a, b) ? [] : [wordsOf(key, a, b)];
  });
}

function wordsOf(key: Key, before: unknown, after: unknown): string {
  const [from, to] = [shown(key, before), shown(key, after)];
  return from === null || to === null ? key.name : `${key.name} ${from} -> ${to}`;
}

/** Null: what may be a secret, or is more than a word. */
function shown({ kind, unsaid, secret }: Key, value: unknown): string | null {
  if (secret !== undefined) return null;
  if (value === undefined || isSame(value, unsaid)) return "unset";
  const written = kind.encode(value);
  return typeof written === "object" ? null : word(String(written));
}

function word(text: string): string {
  return /^[\w./:@%+#*[\]{}~-]{1,60}$/.test(text) ? text : quote(text);
}

function numbered(names: readonly string[]): string[] {
  return names.map((name, at) => {
    const count = names.slice(0, at).filter((other) => other === name).length;
    return count === 0 ? name : `${name}#${count + 1}`;
  });
}

/** The first of the routes that match is taken. */
function isReordered(before: Config, after: Config): boolean {
  const [a, b] = [byKey(before), byKey(after)];
  const kept = [...a.keys()].filter((key) => b.has(key));
  return !isSame(kept, [...b.keys()].filter((key) => a.has(key)));
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

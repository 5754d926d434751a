/**
 * Looking into a configuration as it was written, right in form or not.
 *
 * @module
 */
import { type Path, valueAt } from "./problem.ts";

export type Table = Readonly<Record<string, unknown>>;

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** The table at a path, empty where there is none. */
export function tableAt(raw: unknown, path: Path): Table {
  const found = valueAt(raw, path);
  return isTable(found) ? found : {};
}

/** A table of a host and where it stands. */
export interface HostTable {
  readonly host: Table;
  readonly path: Path;
}

/** Every table of a host that can be read as one, in the order of the file. */
export function eachHost(raw: unknown): HostTable[] {
  const path = ["wstunnel", "server"];
  return Object.entries(tableAt(raw, path))
    .flatMap(([key, route]) => hostsOf(route, [...path, key]));
}

/**
 * The hosts of a route: one beside its settings, or a list, in its place or in its `hosts`; none of one with `targets`, or with files alone.
 */
export function hostsOf(route: unknown, path: Path): HostTable[] {
  if (!isTable(route)) return hostsIn(route, path);
  if (route["hosts"] !== undefined) return hostsIn(route["hosts"], [...path, "hosts"]);
  return route["targets"] === undefined && !hasFilesAlone(route) ? hostsIn(route, path) : [];
}

/** What leads a route's requests to a backend. */
const LEADS = ["hosts", "targets", "host", "port", "socket", "exec", "bin-path"];

/** Whether a route serves files and no tunnels. */
export function hasFilesAlone(route: Table): boolean {
  return route["web"] !== undefined && !LEADS.some((name) => route[name] !== undefined);
}

/** One host, or a list of them. */
function hostsIn(hosts: unknown, path: Path): HostTable[] {
  if (isTable(hosts)) return [{ host: hosts, path }];
  const list: unknown[] = Array.isArray(hosts) ? hosts : [];
  return list.flatMap((host, at) => isTable(host) ? [{ host, path: [...path, at] }] : []);
}

/** Whether a `host` means a unix-domain socket. */
export function isSocketPath(host: unknown): host is string {
  return typeof host === "string" && host.startsWith("/");
}

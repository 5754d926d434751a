/**
 * The rules for a route that has `targets` in place of hosts.
 *
 * @module
 */
import { ANY_HOST, HOST } from "./host_keys.ts";
import { namesOf } from "./key.ts";
import { type Finding, finding, type Path, refuse, valueAt } from "./problem.ts";
import { TARGET_SOURCES } from "./target_keys.ts";
import { isTable, type Table } from "./table.ts";

/** Rules within the table, right in form or not. */
export function checkTargets(targets: Table): Finding[] {
  const [source, ...others] = TARGET_SOURCES.filter((name) => (targets[name] ?? false) !== false);
  if (source === undefined) {
    return [{ path: [], rule: `must have one of ${TARGET_SOURCES.join(", ")}` }];
  }
  const only = (keys: readonly string[], sources: readonly string[]) =>
    sources.includes(source)
      ? []
      : refuse(targets, [], keys, `has no effect without ${sources.join(" or ")}`);
  return [
    ...refuse(targets, [], others, `must not stand beside ${source}`),
    ...only(["prefix"], ["redis"]),
    ...only(["ca"], ["api", "redis"]),
    ...only(["parameter"], ["address"]),
    ...only(["from"], ["file", "dir", "api", "redis"]),
    ...(isWithoutTls(targets[source]) ? refuse(targets, [], ["ca"], NO_TLS) : []),
  ];
}

const NO_TLS = "has no effect without https or rediss";

function isWithoutTls(url: unknown): boolean {
  return typeof url === "string" && /^(?:http|redis):/i.test(url);
}

/** Of a host's keys those that each host has, whatever it is, hold for every target. */
const NOT_OF_A_TARGET = namesOf(HOST).filter((name) => !namesOf(ANY_HOST).includes(name));

/** What makes no sense beside targets, and what they need; `common` holds for every route. */
export function checkBesideTargets(route: Table, path: Path, common: Table): Finding[] {
  const targets = route["targets"];
  const needsJwt = isTable(targets) && targets["jwt"] === true &&
    valueAt(route["auth"] ?? common["auth"], ["jwt"]) === undefined;
  return [
    ...(needsJwt ? [finding([...path, "targets", "jwt"], "needs auth.jwt beside it", true)] : []),
    ...refuse(route, path, ["hosts", ...NOT_OF_A_TARGET], "must not stand beside targets"),
    ...refuse(route, path, ["balance"], "has no effect with targets: there is nothing to choose"),
  ];
}

/**
 * What is allowed and yet hardly meant: said at the start and by `check`, refused by nobody.
 *
 * @module
 */
import type { Finding, Path } from "./problem.ts";
import { warnOfProgram } from "./program_rules.ts";
import { eachHost, tableAt } from "./table.ts";

const SERVER: Path = ["wstunnel", "server"];
const MAP_EXTENSIONS: Path = ["wstunnel", "map-extensions"];

/** Looks at a configuration that broke no rule, as it was written. */
export function findWarnings(raw: unknown): Finding[] {
  return [
    ...warnOfMapExtensions(raw),
    ...warnOfHiddenKeys(raw),
    ...eachHost(raw).flatMap(({ host, path }) => warnOfProgram(host, path)),
  ];
}

/** The first key that matches is taken, so that a wider one hides those behind it, but for `map-extensions`. */
function warnOfHiddenKeys(raw: unknown): Finding[] {
  const keys = Object.keys(tableAt(raw, SERVER));
  const named: unknown[] = Object.values(tableAt(raw, MAP_EXTENSIONS));
  return keys.flatMap((key, at) => {
    const wider = keys.slice(0, at).find((before) => matchesAllOf(before, key));
    if (wider === undefined || named.includes(key)) return [];
    const rule = `is never reached: ${
      JSON.stringify(wider)
    } stands before it and matches every path of it`;
    return [{ path: [...SERVER, key], rule }];
  });
}

/** Whether every path that `key` matches is matched by `wider` as well. */
function matchesAllOf(wider: string, key: string): boolean {
  if (wider === "/") return true;
  if (wider.startsWith("/") !== key.startsWith("/")) return false;
  return wider.startsWith("/") ? key.startsWith(wider) : key.endsWith(wider);
}

/** lighttpd takes a key that there is not, and --server may have replaced those that the file names. */
function warnOfMapExtensions(raw: unknown): Finding[] {
  const keys = Object.keys(tableAt(raw, SERVER));
  return Object.entries(tableAt(raw, MAP_EXTENSIONS))
    .filter(([, key]) => !keys.includes(String(key)))
    .map(([suffix, key]) => {
      const rule = `has no effect: ${JSON.stringify(key)} is no key of wstunnel.server`;
      return { path: [...MAP_EXTENSIONS, suffix], rule };
    });
}

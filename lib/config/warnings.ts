/**
 * What is allowed and yet hardly meant: said at the start and by `check`, refused by nobody.
 *
 * @module
 */
import {
  canonicalKey,
  type CanonicalPath,
  canonicalPath,
  canonicalSuffix,
} from "../base/request_path.ts";
import { warnOfFrameType } from "./frame_type_warning.ts";
import { type Finding, type Path, valueAt } from "./problem.ts";
import { warnOfProgram } from "./program_rules.ts";
import { warnOfAnyAudience, warnOfForeignPages, warnOfPlainKeySets } from "./auth_tables.ts";
import { warnOfReach, warnOfTrust } from "./reach_warnings.ts";
import { warnOfShell } from "./shell_warnings.ts";
import { eachHost, tableAt } from "./table.ts";
import { warnOfPlainTargets } from "./target_files.ts";

const SERVER: Path = ["wstunnel", "server"];
const MAP_EXTENSIONS: Path = ["wstunnel", "map-extensions"];

/** Looks at a configuration that broke no rule, as it was written. */
export function findWarnings(raw: unknown): Finding[] {
  return [
    ...warnOfMapExtensions(raw),
    ...warnOfRefusedPaths(raw),
    ...warnOfHiddenKeys(raw),
    ...warnOfQueries(raw),
    ...warnOfHealthPath(raw),
    ...warnOfEngine(raw),
    ...warnOfFrameType(raw),
    ...warnOfReach(raw),
    ...warnOfTrust(raw),
    ...warnOfPlainKeySets(raw),
    ...warnOfPlainTargets(raw),
    ...warnOfAnyAudience(raw),
    ...warnOfForeignPages(raw),
    ...warnOfOpaqueOrigins(raw),
    ...eachHost(raw).flatMap(({ host, path }) => [
      ...warnOfProgram(host, path),
      ...warnOfShell(host["exec"], [...path, "exec"]),
      ...warnOfShell(host["bin-path"], [...path, "bin-path"]),
    ]),
  ];
}

/** A request with such a path is refused before any key is looked at. */
function warnOfRefusedPaths(raw: unknown): Finding[] {
  const warn = (path: Path, canonical: CanonicalPath): Finding[] => {
    if (!("problem" in canonical)) return [];
    const rule = `is never reached: requests for it are refused, since ${canonical.problem}`;
    return [{ path, rule }];
  };
  return [
    ...Object.keys(tableAt(raw, SERVER))
      .flatMap((key) => warn([...SERVER, key], canonicalKey(key))),
    ...Object.keys(tableAt(raw, MAP_EXTENSIONS))
      .flatMap((suffix) => warn([...MAP_EXTENSIONS, suffix], canonicalSuffix(suffix))),
  ];
}

/** The first key that matches is taken, so that a wider one hides those behind it, but for `map-extensions`. */
function warnOfHiddenKeys(raw: unknown): Finding[] {
  const keys = Object.keys(tableAt(raw, SERVER)).flatMap((key) => {
    const canonical = canonicalKey(key);
    return "problem" in canonical ? [] : [{ key, match: canonical.path }];
  });
  const named: unknown[] = Object.values(tableAt(raw, MAP_EXTENSIONS));
  return keys.flatMap(({ key, match }, at) => {
    const wider = keys.slice(0, at).find((before) => matchesAllOf(before.match, match));
    if (wider === undefined || named.includes(key)) return [];
    const rule = `is never reached: ${
      JSON.stringify(wider.key)
    } stands before it and matches every path of it`;
    return [{ path: [...SERVER, key], rule }];
  });
}

/** Whether every path that `match` matches is matched by `wider` as well; both are canonical. */
function matchesAllOf(wider: string, match: string): boolean {
  if (wider === "/") return true;
  if (wider.startsWith("/") !== match.startsWith("/")) return false;
  return wider.startsWith("/") ? match.startsWith(wider) : match.endsWith(wider);
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

/** Both are asked for: one of them is not had. */
function warnOfHealthPath(raw: unknown): Finding[] {
  const path: Path = ["health-path"];
  const asked = canonicalPath(String(valueAt(raw, path) ?? ""));
  if ("problem" in asked) return [];
  const key = Object.keys(tableAt(raw, SERVER)).find((key) => {
    const canonical = canonicalKey(key);
    return "path" in canonical && canonical.path === asked.path;
  });
  const rule = `has no effect: ${JSON.stringify(key)} is a key of wstunnel.server`;
  return key === undefined ? [] : [{ path, rule }];
}

/** A request's query is no part of the path that keys are compared with, and a fragment is never sent (RFC 9110 section 4.2). */
function warnOfQueries(raw: unknown): Finding[] {
  const written = [
    ...Object.keys(tableAt(raw, SERVER)).map((key) => [...SERVER, key]),
    ...Object.keys(tableAt(raw, MAP_EXTENSIONS)).map((suffix) => [...MAP_EXTENSIONS, suffix]),
  ];
  return written.flatMap((path) => {
    const mark = /[?#]/.exec(String(path.at(-1)))?.[0];
    const rule = `has a ${mark}, and a path is matched without what follows its ${mark}`;
    return mark === undefined ? [] : [{ path, rule }];
  });
}

/** What its runtime can't be brought to stands in the README's table of engines. */
function warnOfEngine(raw: unknown): Finding[] {
  const path: Path = ["engine"];
  const rule = "native is not for strangers: whoever connects decides how much memory it takes " +
    "and how long a connection without a request stays";
  return valueAt(raw, path) === "native" ? [{ path, rule }] : [];
}

/** Any page can make itself a frame whose origin is opaque, and browsers call all of them `null`. */
function warnOfOpaqueOrigins(raw: unknown): Finding[] {
  const routes = Object.keys(tableAt(raw, SERVER)).map((key) => [...SERVER, key]);
  return [["wstunnel"], ...routes].flatMap((table) => {
    const path = [...table, "origins"];
    const entries = valueAt(raw, path);
    const rule = "null admits every web page: any can open a sandboxed frame, whose origin is null";
    return (Array.isArray(entries) ? entries : [])
      .flatMap((entry, at) => entry === "null" ? [{ path: [...path, at], rule }] : []);
  });
}

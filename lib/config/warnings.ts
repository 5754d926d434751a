/**
 * What is allowed and yet hardly meant: said at the start and by `check`, refused by nobody.
 *
 * @module
 */
import { type Finding, type Path, valueAt } from "./problem.ts";
import { warnOfProgram } from "./program_rules.ts";
import { eachHost, isTable } from "./table.ts";

/** Looks at a configuration that broke no rule, as it was written. */
export function findWarnings(raw: unknown): Finding[] {
  return [
    ...warnOfMapExtensions(raw),
    ...eachHost(raw).flatMap(({ host, path }) => warnOfProgram(host, path)),
  ];
}

/** lighttpd takes a key that there is not, and --server may have replaced those that the file names. */
function warnOfMapExtensions(raw: unknown): Finding[] {
  const path: Path = ["wstunnel", "map-extensions"];
  const extensions = valueAt(raw, path);
  const server = valueAt(raw, ["wstunnel", "server"]);
  const keys = isTable(server) ? Object.keys(server) : [];
  return Object.entries(isTable(extensions) ? extensions : {})
    .filter(([, key]) => !keys.includes(String(key)))
    .map(([suffix, key]) => {
      const rule = `has no effect: ${JSON.stringify(key)} is no key of wstunnel.server`;
      return { path: [...path, suffix], rule };
    });
}

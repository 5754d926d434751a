/**
 * The files of the log: what is wrong with them on the machine as it is.
 *
 * @module
 */
import type { Machine } from "./machine.ts";
import { type Finding, finding, valueAt } from "./problem.ts";

/** In place of a file: lines of clients are not written. */
export const NO_ACCESS_LOG = "off";

/** By the name of its key; of a configuration of any form. */
function eachLogFile(raw: unknown): { readonly name: string; readonly file: string }[] {
  return ["log-file", "access-log"].flatMap((name) => {
    const file = valueAt(raw, [name]);
    const isFile = typeof file === "string" && file !== "" && !file.includes("\0");
    return isFile && !(name === "access-log" && file === NO_ACCESS_LOG) ? [{ name, file }] : [];
  });
}

/** One file twice would be two logs in one. */
export function checkLogFiles(raw: unknown): Finding[] {
  const [log, access] = eachLogFile(raw);
  if (log === undefined || access === undefined || log.file !== access.file) return [];
  const rule = "must be another file than log-file, where all lines stand without it";
  return [finding([access.name], rule, access.file)];
}

/** Looks at a configuration of any form. */
export function findLogProblems(raw: unknown, machine: Machine): Finding[] {
  return eachLogFile(raw).flatMap(({ name, file }) => {
    const problem = machine.appendProblem(file);
    return problem === null ? [] : [finding([name], `${JSON.stringify(file)} ${problem}`)];
  });
}

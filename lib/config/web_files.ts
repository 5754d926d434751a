/**
 * The folders of files: what is wrong with them on the machine as it is.
 *
 * @module
 */
import type { Machine } from "./machine.ts";
import { type Finding, finding, type Path } from "./problem.ts";
import { isTable, tableAt } from "./table.ts";

/** Every root that is right in form; of a configuration of any form. */
export function eachRoot(raw: unknown): { readonly root: string; readonly path: Path }[] {
  const server = ["wstunnel", "server"];
  const routes = Object.entries(tableAt(raw, server))
    .map(([key, route]) => ({ table: route, place: [...server, key] }));
  return [{ table: raw, place: [] }, ...routes].flatMap(({ table, place }) => {
    const web = isTable(table) ? table["web"] : undefined;
    const path = [...place, "web"];
    const [root, at] = isTable(web) ? [web["root"], [...path, "root"]] : [web, path];
    const isPath = typeof root === "string" && root !== "" && !root.includes("\0");
    return isPath ? [{ root, path: at }] : [];
  });
}

/** A root that isn't there is hardly meant: what should be served can't be found by mistake. */
export function findWebProblems(raw: unknown, machine: Machine): Finding[] {
  return eachRoot(raw).flatMap(({ root, path }) => {
    const problem = problemOf(root, machine);
    return problem === null ? [] : [finding(path, `${JSON.stringify(root)} ${problem}`)];
  });
}

function problemOf(root: string, machine: Machine): string | null {
  const kind = machine.kindOf(root);
  if (kind === null) return "isn't there";
  // Whoever may not look into a folder doesn't see what its own name for itself is.
  if (kind === "hidden" || (kind === "folder" && machine.kindOf(`${root}/.`) === "hidden")) {
    return "cannot be opened: permission denied";
  }
  return kind === "folder" ? null : "is no folder";
}

/**
 * What is allowed and yet can't work on the machine as it is: programs, folders and accounts that aren't there. They may come
 * later, so that nothing is refused.
 *
 * @module
 */
import type { AccountKind } from "../sys/accounts.ts";
import { ACCOUNT_FILES } from "../sys/accounts.ts";
import { warnOfAdmin } from "./admin_files.ts";
import { warnOfEmptyFiles, warnOfOpenFiles } from "./auth_tables.ts";
import { wordsOf } from "./command_line.ts";
import { eachListener } from "./listen.ts";
import { warnOfListenerFiles } from "./listener_files.ts";
import type { Machine } from "./machine.ts";
import { type Finding, type Path, valueAt } from "./problem.ts";
import { warnOfServedSecrets } from "./served_secrets.ts";
import { warnOfTargetFiles } from "./target_files.ts";
import { warnOfOpenKeys } from "./tls_files.ts";
import { eachHost, isSocketPath, type Table, tableAt } from "./table.ts";

/** Looks at a configuration that broke no rule, as it was written. */
export function findMachineWarnings(raw: unknown, machine: Machine): Finding[] {
  return [
    ...warnOfAdmin(raw, machine),
    ...warnOfOpenFiles(raw, machine),
    ...warnOfEmptyFiles(raw, machine),
    ...warnOfOpenKeys(raw, machine),
    ...warnOfTargetFiles(raw, machine),
    ...warnOfListenerFiles(raw, machine),
    ...warnOfServedSecrets(raw, machine),
    ...warnOfFolder(socketOf(valueAt(raw, ["admin"])), ["admin"], machine),
    ...eachListener(raw).flatMap(({ listener, path, addressPath }) => [
      ...warnOfFolder(socketOf(listener["address"]), addressPath, machine),
      ...warnOfAccount("user", listener["owner"], [...path, "owner"], machine),
      ...warnOfAccount("group", listener["group"], [...path, "group"], machine),
    ]),
    ...eachHost(raw).flatMap(({ host, path }) => [
      ...warnOfFolder(host["socket"], [...path, "socket"], machine),
      ...warnOfFolder(host["host"], [...path, "host"], machine),
      ...warnOfProgram("exec", host, path, machine),
      ...warnOfProgram("bin-path", host, path, machine),
    ]),
  ];
}

/** The path in `unix:/path`. */
function socketOf(address: unknown): unknown {
  return typeof address === "string" && address.startsWith("unix:")
    ? address.slice("unix:".length)
    : undefined;
}

function warnOfFolder(socket: unknown, path: Path, machine: Machine): Finding[] {
  if (!isSocketPath(socket)) return [];
  const folder = socket.slice(0, socket.lastIndexOf("/")) || "/";
  if (["folder", "hidden"].includes(machine.kindOf(folder)!)) return [];
  return [{ path, rule: `there is no folder ${JSON.stringify(folder)} for the socket` }];
}

function warnOfAccount(kind: AccountKind, name: unknown, path: Path, machine: Machine): Finding[] {
  if (typeof name !== "string" || machine.hasAccount(kind, name)) return [];
  const rule = `there is no ${kind} ${JSON.stringify(name)} in ${ACCOUNT_FILES[kind]}`;
  return [{ path, rule }];
}

function warnOfProgram(
  key: "exec" | "bin-path",
  host: Table,
  path: Path,
  machine: Machine,
): Finding[] {
  const [program] = wordsOf(host[key]);
  // A placeholder in its name is filled in for each process.
  if (program === undefined || (key === "bin-path" && program.includes("{"))) return [];
  const rule = whyNoProgram(program, searchPathOf(host, machine), machine);
  return rule === null ? [] : [{ path: [...path, key], rule }];
}

/** One without a PATH is looked for by ours. */
function searchPathOf(host: Table, { searchPath }: Machine): string | null {
  const own = tableAt(host, ["bin-environment"])["PATH"];
  return typeof own === "string" ? own : searchPath;
}

function whyNoProgram(
  program: string,
  searchPath: string | null,
  machine: Machine,
): string | null {
  const named = JSON.stringify(program);
  if (program.includes("/")) {
    const kind = machine.kindOf(program);
    if (kind === "program" || kind === "hidden") return null;
    return kind === null ? `there is no program ${named}` : `${named} is not executable`;
  }
  const folders = searchPath === null || searchPath === "" ? [] : searchPath.split(":");
  // An empty entry is the folder that we were started in.
  return folders.some((folder) => machine.kindOf(`${folder || "."}/${program}`) === "program")
    ? null
    : `there is no program ${named} on its PATH`;
}

/**
 * The files and folders that `targets` name, on the machine that a configuration is read on. They may come later, and change while we run, so
 * that nothing is refused for them, but a file of authorities, without which no source could be asked.
 *
 * @module
 */
import { utf8Text } from "../base/small_file.ts";
import { readCertificates } from "./certificates.ts";
import { isLoopback } from "./auth_tables.ts";
import { type LineProblem, nameLines } from "./line_problems.ts";
import type { Kind, Machine } from "./machine.ts";
import type { Finding, Path, SecretFile } from "./problem.ts";
import { isTable, type Table, tableAt } from "./table.ts";
import { readTokenLines } from "./token_lines.ts";

function eachTargets(raw: unknown): { readonly targets: Table; readonly path: Path }[] {
  const server = ["wstunnel", "server"];
  return Object.entries(tableAt(raw, server)).flatMap(([key, route]) => {
    const targets = isTable(route) ? route["targets"] : undefined;
    return isTable(targets) ? [{ targets, path: [...server, key, "targets"] }] : [];
  });
}

/** Warns of an API or a Redis on another machine that is asked in the clear: whoever stands between learns tokens, and says where they lead. */
export function warnOfPlainTargets(raw: unknown): Finding[] {
  return eachTargets(raw).flatMap(({ targets, path }) =>
    ["api", "redis"].flatMap((name): Finding[] => {
      const url = URL.parse(String(targets[name] ?? ""));
      if (!/^(?:http|redis):$/.test(url?.protocol ?? "") || isLoopback(url!.hostname)) return [];
      const rule = "is asked without TLS: whoever stands between learns the tokens, and can say " +
        "where they lead";
      return [{ path: [...path, name], rule }];
    })
  );
}

/** What is wrong with the files of authorities. */
export function findTargetProblems(raw: unknown, machine: Machine): Finding[] {
  return eachTargets(raw).flatMap(({ targets, path }): Finding[] => {
    const { ca } = targets;
    if (typeof ca !== "string") return [];
    const file = machine.read(ca);
    const read = "problem" in file ? file : readCertificates(file.bytes);
    if (!("problem" in read)) return [];
    return [{ path: [...path, "ca"], rule: `${JSON.stringify(ca)} ${read.problem}` }];
  });
}

/** Warns of token files and folders that aren't there, of lines that are none, and of what every user of the machine can read. */
export function warnOfTargetFiles(raw: unknown, machine: Machine): Finding[] {
  return eachTargets(raw).flatMap(({ targets: { file, dir }, path }) => [
    ...(typeof file === "string" ? warnOfFile(file, [...path, "file"], machine) : []),
    ...(typeof dir === "string" ? warnOfFolder(dir, [...path, "dir"], machine) : []),
  ]);
}

/** Files of tokens, or folders of them. */
export function secretFilesOfTargets(raw: unknown): SecretFile[] {
  return eachTargets(raw).flatMap(({ targets, path }) =>
    ["file", "dir"].flatMap((name): SecretFile[] => {
      const file = targets[name];
      return typeof file === "string" ? [{ file, path: [...path, name] }] : [];
    })
  );
}

const UNSEEN: readonly Kind[] = ["hidden", null];

function warnOfFile(file: string, path: Path, machine: Machine): Finding[] {
  const warn = (rule: string): Finding => ({ path, rule: `${JSON.stringify(file)} ${rule}` });
  const kind = machine.kindOf(file);
  if (UNSEEN.includes(kind)) {
    return [warn(kind === null ? "isn't there" : "cannot be read: permission denied")];
  }
  if (kind === "folder") return [];
  const open = machine.isReadByAll(file)
    ? [warn("can be read by every user of this machine: chmod o-rwx")]
    : [];
  const read = machine.read(file);
  // One that is too large to be looked at here is read all the same.
  if ("problem" in read) return open;
  const text = utf8Text(read.bytes);
  if (text === null) return [...open, warn("is not UTF-8 text")];
  const problems: LineProblem[] = [];
  for (const _ of readTokenLines(text, new Map(), problems));
  return [...open, ...problems.length > 0 ? [warn(nameLines(problems))] : []];
}

function warnOfFolder(folder: string, path: Path, machine: Machine): Finding[] {
  const kind = machine.kindOf(folder);
  if (kind === "folder" || kind === "hidden") return [];
  const rule = kind === null ? "isn't there" : "is no folder";
  return [{ path, rule: `${JSON.stringify(folder)} ${rule}` }];
}

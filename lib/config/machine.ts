/**
 * What a configuration names of the machine that it is read on: programs, folders, accounts.
 *
 * @module
 */
import { readSmallFile, type SmallFile } from "../base/small_file.ts";
import { appendProblem } from "../sys/append_file.ts";
import { accountId, type AccountKind } from "../sys/accounts.ts";

/** What stands at a path; `program`: a file that may be executed; `hidden`: we may not see; null: nothing. */
export type Kind = "program" | "file" | "folder" | "hidden" | null;

/** The machine as far as a configuration is judged by it. */
export interface Machine {
  /** The folders in which programs are looked for, unless a program has a PATH of its own; null: there is no such list. */
  readonly searchPath: string | null;
  kindOf(path: string): Kind;
  hasAccount(kind: AccountKind, name: string): boolean;
  /** What a small file holds. */
  read(path: string): SmallFile;
  /** What keeps us from writing behind what a file holds; null: nothing that can be seen. */
  appendProblem(path: string): string | null;
  /** Whether its permissions let everybody read a file; whether the folders above do, nobody asks. */
  isReadByAll(path: string): boolean;
  /** Where it stands, by no link; null: nowhere that we see. */
  realPath(path: string): string | null;
}

/** This one, now. */
export function thisMachine(): Machine {
  return {
    searchPath: Deno.env.get("PATH") ?? null,
    kindOf,
    hasAccount: (kind, name) => accountId(kind, name) !== null,
    read: readSmallFile,
    appendProblem,
    isReadByAll,
    realPath,
  };
}

function kindOf(path: string): Kind {
  try {
    const { isDirectory, isFile, mode } = Deno.statSync(path);
    if (isDirectory) return "folder";
    return isFile && (mode === null || (mode & 0o111) !== 0) ? "program" : "file";
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return isMissing ? null : "hidden";
  }
}

function isReadByAll(path: string): boolean {
  try {
    const { mode } = Deno.statSync(path);
    return mode !== null && (mode & 0o004) !== 0;
  } catch {
    return false;
  }
}

function realPath(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}

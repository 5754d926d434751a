/**
 * What a part of the command line becomes.
 *
 * @module
 */
import type { Setting } from "../../config/load.ts";
import type { Path } from "../../config/problem.ts";
import type { CommandLine } from "./parse.ts";
import type { OptionName } from "./options.ts";

/** A value that nobody is shown, at its place in the file. */
export type Secret =
  & {
    readonly flag: string;
    readonly path: Path;
    /** What stands there when the file is printed. */
    readonly printed: string;
    /** What whoever prints it has to do about that. */
    readonly remark: string;
  }
  & (
    | { readonly value: string }
    /** Whose password it is, for which a file is made. */
    | { readonly user: string; readonly password: string }
  );

/** What a part of the command line becomes. */
export interface Part {
  /** Values at their places in the file, each with the option that says it. */
  readonly settings?: readonly Setting[];
  readonly secrets?: readonly Secret[];
  /** What can't be. */
  readonly problems?: readonly string[];
  /** What is other than with websockify. */
  readonly remarks?: readonly string[];
}

/** What has to be known of the machine. */
export interface Look {
  /** Whether there is something at a path. */
  readonly exists: (path: string) => boolean;
  /** A path from where we stand as one from the root. */
  readonly absolute: (path: string) => string;
  /** Whether a file is PEM; null where it can't be read. */
  readonly isPem: (path: string) => boolean | null;
  /** A port of this machine that nobody has. */
  readonly freePort: () => number;
}

/** The key of the one route there is, which is every path's. */
export const ROUTE: Path = ["wstunnel", "server", "/"];

/** A value at its place in the file. */
export function setting(flag: string, path: Path, value: unknown): Setting {
  return { flag, path, value };
}

/** Whether one of the options is given. */
export function isGiven({ given }: CommandLine, ...names: OptionName[]): boolean {
  return names.some((name) => given.has(name));
}

/** The value of an option; undefined: it isn't given, or empty. */
export function valueOf({ given }: CommandLine, name: OptionName): string | undefined {
  return given.get(name) || undefined;
}

/** Files are for everybody, whatever is asked of who wants a tunnel. */
export function openFiles(line: CommandLine): Setting[] {
  return valueOf(line, "--web") === undefined ? [] : [setting("--web", ["web", "auth"], {})];
}

/** Parts as one. */
export function join(parts: readonly Part[]): Required<Part> {
  return {
    settings: parts.flatMap(({ settings = [] }) => settings),
    secrets: parts.flatMap(({ secrets = [] }) => secrets),
    // Two parts may miss the same word.
    problems: [...new Set(parts.flatMap(({ problems = [] }) => problems))],
    remarks: parts.flatMap(({ remarks = [] }) => remarks),
  };
}

/**
 * What is wrong with a configuration, where, and how it is said.
 *
 * @module
 */

/** From the top of the configuration to a value in it. */
export type Path = readonly (string | number)[];

/** A file that nobody else should have, and where it is named. */
export interface SecretFile {
  readonly file: string;
  readonly path: Path;
}

/** A rule that a value breaks, before it is known whether the value came from a file or a flag. */
export interface Finding {
  readonly path: Path;
  /** What is allowed. */
  readonly rule: string;
  /** What stands there; absent where it says nothing. It may be a secret. */
  readonly value?: unknown;
}

/** Where the user wrote something. */
export interface Place {
  /** The flag that set the value; then there is no file. */
  readonly flag?: string;
  readonly file?: string;
  /** Both from 1; the column only of a syntax error. */
  readonly line?: number;
  readonly column?: number;
}

/** A finding as it is told, and where the user wrote what caused it. */
export interface Problem extends Place {
  /** As TOML writes it: `wstunnel.server."/vnc"[1].port`; empty for the whole. */
  readonly path: string;
  /** What is allowed. */
  readonly rule: string;
  /** What stands there, made by {@linkcode describeValue}; absent where it says nothing or is a secret. */
  readonly found?: string;
}

const MAX_SHOWN_CHARACTERS = 60;

/** Writes a problem as one line: `config.toml:12: wstunnel.debug: must be 0 to 65535: current value is "x"`. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, flag, path, rule, found } = problem;
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  const parts = [place, flag ?? path, rule, found && `current value is ${found}`];
  return parts.filter((part) => part).join(": ");
}

/** Writes a path the way TOML does, with the index of a list's element in brackets. */
export function formatPath(path: Path): string {
  return path.map((part, at) => {
    if (typeof part === "number") return `[${part}]`;
    const key = /^[A-Za-z0-9_-]+$/.test(part) ? part : quote(part);
    return at === 0 ? key : `.${key}`;
  }).join("");
}

/** Says what a value is, short and on one line; undefined for what isn't there. */
export function describeValue(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a table";
  return typeof value === "string" ? quote(value) : String(value);
}

/** The finding that the value at `path` breaks `rule`. */
export function finding(path: Path, rule: string, value?: unknown): Finding {
  return { path, rule, value };
}

/** The findings that a table has some keys, which must not be there. */
export function refuse(
  table: Readonly<Record<string, unknown>>,
  path: Path,
  keys: readonly string[],
  rule: string,
): Finding[] {
  return keys.filter((key) => table[key] !== undefined)
    .map((key) => finding([...path, key], rule, table[key]));
}

/** The value at a path, or undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** Text in quotes, short and on one line. */
export function quote(text: string): string {
  const shown = text.length > MAX_SHOWN_CHARACTERS
    ? text.slice(0, MAX_SHOWN_CHARACTERS) + "..."
    : text;
  return JSON.stringify(shown).replace(
    /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (character) => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

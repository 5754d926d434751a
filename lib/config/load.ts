/**
 * A source and flags to the effective configuration, or to everything that is wrong with them.
 *
 * @module
 */
import { findAdminProblems } from "./admin_files.ts";
import { findAuthProblems } from "./auth_tables.ts";
import type { Config } from "./config.ts";
import { toConfig } from "./effective.ts";
import { warnOfFlags } from "./flag_warnings.ts";
import { SECRETS } from "./keys.ts";
import { findListenerFileProblems } from "./listener_files.ts";
import { findLogProblems } from "./log_files.ts";
import type { Machine } from "./machine.ts";
import { findMachineWarnings } from "./machine_warnings.ts";
import {
  describeValue,
  type Finding,
  finding,
  formatPath,
  type Path,
  type Place,
  type Problem,
  valueAt,
} from "./problem.ts";
import { checkRules } from "./rules.ts";
import { checkForm } from "./schema.ts";
import { type ConfigText, type Source, tomlSource } from "./source.ts";
import { findTargetProblems } from "./target_files.ts";
import { findTlsProblems } from "./tls_files.ts";
import { findWarnings } from "./warnings.ts";
import { findWebProblems } from "./web_files.ts";

/** What a flag sets: a value at its place in the file, which it replaces; or text that it can't make one of, and why. */
export type Setting =
  & { readonly flag: string; readonly path: Path }
  & ({ readonly value: unknown } | { readonly rule: string; readonly text?: string });

/**
 * The effective configuration with what is hardly meant in it, or every problem; both in the order of the source, then
 * of the flags.
 */
export type Loaded =
  | { readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] };

/** What a configuration is made of. */
interface Given {
  readonly source?: Source | undefined;
  readonly flags: readonly Setting[];
  /** What holds where neither the source nor a flag says anything. */
  readonly fallbacks?: readonly Setting[];
  /** What it is to run on; absent: a configuration is judged by itself alone. */
  readonly machine?: Machine;
}

/** Loads a file of TOML with the flags. */
export function loadToml({ file, ...given }: Given & { readonly file: ConfigText }): Loaded {
  const source = tomlSource(file);
  return "problem" in source
    ? { problems: [source.problem, ...problemsOfFlags(given.flags)] }
    : loadConfig({ ...given, source });
}

/** Lays the flags over the source, checks the whole and fills in the defaults. */
export function loadConfig(given: Given): Loaded {
  const { source, fallbacks = [], machine } = given;
  const written = source?.raw ?? {};
  const flags = [...fallbacks.filter(isUnsaid(written, given.flags)), ...given.flags];
  const raw = layOver(written, flags);
  const broken = flags.filter((flag) => "rule" in flag);
  const findings = [
    ...checkForm(raw),
    ...checkRules(raw),
    ...(machine === undefined ? [] : findAdminProblems(raw, machine)),
    ...(machine === undefined ? [] : findAuthProblems(raw, machine)),
    ...(machine === undefined ? [] : findTargetProblems(raw, machine)),
    ...(machine === undefined ? [] : findTlsProblems(raw, machine)),
    ...(machine === undefined ? [] : findListenerFileProblems(raw, machine)),
    ...(machine === undefined ? [] : findLogProblems(raw, machine)),
    ...(machine === undefined ? [] : findWebProblems(raw, machine)),
  ];
  if (findings.length === 0 && broken.length === 0) {
    const warnings = [
      ...findWarnings(raw),
      ...warnOfFlags(given.flags.map(({ path }) => path), raw),
      ...(machine === undefined ? [] : findMachineWarnings(raw, machine)),
    ];
    return { config: toConfig(raw), warnings: place(source, flags, warnings) };
  }
  const brokenFlags = broken.map(({ flag, path, rule, text }) =>
    toProblem(finding(path, rule, text), { flag })
  );
  return { problems: place(source, flags, findings, brokenFlags) };
}

/** A configuration with flags laid over it. */
export function layOver(written: unknown, flags: readonly Setting[]): unknown {
  return flags.reduce<unknown>(
    (root, flag) => "value" in flag ? withValue(root, flag.path, flag.value) : root,
    written,
  );
}

function isUnsaid(file: unknown, flags: readonly Setting[]): (fallback: Setting) => boolean {
  return ({ path }) =>
    valueAt(file, path) === undefined && !flags.some((flag) => isWithin(path, flag.path));
}

/** What is wrong with flags where the file can't be read: the rest of it nobody can judge. */
export function problemsOfFlags(flags: readonly Setting[]): Problem[] {
  const loaded = loadConfig({ flags });
  return "problems" in loaded ? loaded.problems.filter(({ flag }) => flag !== undefined) : [];
}

/** Where the user wrote what was found: in the source first, by their lines, then flags that are `broken`, then the others. */
function place(
  source: Source | undefined,
  flags: readonly Setting[],
  findings: readonly Finding[],
  broken: readonly Problem[] = [],
): Problem[] {
  const placed = findings.map((found) => ({ found, flag: flagOf(flags, found.path) }));
  return [
    ...placeIn(source, placed.flatMap(({ found, flag }) => flag === undefined ? [found] : [])),
    ...broken,
    ...onceEach(
      placed.flatMap(({ found, flag }) => flag === undefined ? [] : [toProblem(found, { flag })]),
    ),
  ];
}

/** A flag may be for several listeners, and is told of once. */
function onceEach(problems: readonly Problem[]): Problem[] {
  const words = problems.map(({ flag, rule, found }) => JSON.stringify([flag, rule, found]));
  return problems.filter((_, at) => words.indexOf(words[at]!) === at);
}

/** The problems of a source by their lines, those without one last. */
function placeIn(source: Source | undefined, findings: readonly Finding[]): Problem[] {
  if (source === undefined) return findings.map((found) => toProblem(found, {}));
  return findings
    .map((found) => toProblem(found, source.locate(found.path) ?? { file: source.name }))
    .sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0);
}

/** A finding as it is told: what may be a secret is not repeated. */
function toProblem({ path, rule, value }: Finding, place: Place): Problem {
  const isSecret = path.some((part) => SECRETS.some((name) => name === part));
  const found = isSecret ? undefined : describeValue(value);
  return { rule, ...place, path: formatPath(path), ...(found !== undefined && { found }) };
}

/** The flag that set the value, or the closest table around it. */
function flagOf(flags: readonly Setting[], path: Path): string | undefined {
  return flags.filter((flag) => isWithin(path, flag.path))
    .sort((a, b) => b.path.length - a.path.length)[0]?.flag;
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((part, at) => path[at] === part);
}

/** A copy of `root` with a value set; what stands where a table is needed is left, to be reported. */
function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof root !== "object" || root === null || Array.isArray(root)) return root;
  const table = root as Readonly<Record<string, unknown>>;
  return { ...table, [key]: withValue(Object.hasOwn(table, key) ? table[key] : {}, rest, value) };
}

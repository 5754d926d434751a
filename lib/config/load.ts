/**
 * A file and flags to the effective configuration, or to everything that is wrong with them.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { toConfig } from "./effective.ts";
import { warnOfFlags } from "./flag_warnings.ts";
import { hintForLighttpd } from "./lighttpd.ts";
import type { Machine } from "./machine.ts";
import { findMachineWarnings } from "./machine_warnings.ts";
import { type Finding, finding, formatPath, type Path, type Problem, valueAt } from "./problem.ts";
import { checkRules } from "./rules.ts";
import { checkForm } from "./schema.ts";
import { locateLines, parseToml } from "./toml.ts";
import { findWarnings } from "./warnings.ts";

/** The text of a configuration file and the name to call it by. */
export interface ConfigText {
  readonly path: string;
  readonly text: string;
}

/** What a flag sets: a value at its place in the file, which it replaces; or text that it can't make one of, and why. */
export type Setting =
  & { readonly flag: string; readonly path: Path }
  & ({ readonly value: unknown } | { readonly rule: string; readonly text?: string });

/**
 * The effective configuration with what is hardly meant in it, or every problem; both in the order of the file, then of the
 * flags.
 */
export type Loaded =
  | { readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] };

/** What a configuration is made of. */
interface Source {
  readonly file?: ConfigText | undefined;
  readonly flags: readonly Setting[];
  /** What holds where neither the file nor a flag says anything. */
  readonly fallbacks?: readonly Setting[];
  /** What it is to run on; absent: a configuration is judged by itself alone. */
  readonly machine?: Machine;
}

/** Lays the flags over the file, checks the whole and fills in the defaults. */
export function loadConfig(given: Source): Loaded {
  const { file, fallbacks = [] } = given;
  const parsed = file === undefined ? { value: {} } : parseToml(file.text);
  if ("problem" in parsed) {
    const { line, column, reason } = parsed.problem;
    const lighttpd = hintForLighttpd(file!.text);
    const problem = lighttpd === null
      ? { file: file!.path, line, column, path: "", rule: `not TOML: ${reason}` }
      : { file: file!.path, path: "", rule: lighttpd };
    return { problems: [problem, ...problemsOfFlags(given.flags)] };
  }
  const flags = [...fallbacks.filter(isUnsaid(parsed.value, given.flags)), ...given.flags];
  const source = { ...given, flags };
  const raw = flags.reduce<unknown>(
    (root, flag) => "value" in flag ? withValue(root, flag.path, flag.value) : root,
    parsed.value,
  );
  const broken = flags.filter((flag) => "rule" in flag);
  const form = checkForm(raw);
  const findings = [...("findings" in form ? form.findings : []), ...checkRules(raw)];
  if ("value" in form && findings.length === 0 && broken.length === 0) {
    const { machine } = source;
    const warnings = [
      ...findWarnings(raw),
      ...warnOfFlags(given.flags.map(({ path }) => path), raw),
      ...(machine === undefined ? [] : findMachineWarnings(raw, machine)),
    ];
    return { config: toConfig(form.value), warnings: place(source, warnings) };
  }
  const brokenFlags = broken.map(({ flag, path, rule, text }) =>
    toProblem(finding(path, rule, text), { flag })
  );
  return { problems: place(source, withoutRepeats(findings), brokenFlags) };
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

/** Where the user wrote what was found: those of the file first, by their lines, then flags that are `broken`, then the others. */
function place(
  { file, flags }: Source,
  findings: readonly Finding[],
  broken: readonly Problem[] = [],
): Problem[] {
  const placed = findings.map((found) => ({ found, flag: flagOf(flags, found.path) }));
  return [
    ...placeInFile(file, placed.flatMap(({ found, flag }) => flag === undefined ? [found] : [])),
    ...broken,
    ...placed.flatMap(({ found, flag }) => flag === undefined ? [] : [toProblem(found, { flag })]),
  ];
}

/** The problems of a file by their lines, those without one last. */
function placeInFile(file: ConfigText | undefined, findings: readonly Finding[]): Problem[] {
  if (file === undefined) return findings.map((found) => toProblem(found, {}));
  const lines = locateLines(file.text, findings.map(({ path }) => path));
  return findings
    .map((found, at) => {
      const line = lines[at];
      return toProblem(found, { file: file.path, ...(line !== undefined && { line }) });
    })
    .sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0);
}

function toProblem(found: Finding, place: Pick<Problem, "file" | "line" | "flag">): Problem {
  return { ...found, ...place, path: formatPath(found.path) };
}

/** A number may be out of range and not whole, which is one problem: its rule says both. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const first = new Map(findings.map((found) => [formatPath(found.path) + found.rule, found]));
  return [...first.values()];
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

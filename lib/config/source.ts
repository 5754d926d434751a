/**
 * Where configurations come from: what is written, and how to find it again. A file of TOML is one source.
 *
 * @module
 */
import { hintForLighttpd } from "./lighttpd.ts";
import type { Path, Place, Problem } from "./problem.ts";
import { lineLocator, parseToml } from "./toml.ts";

/** A configuration as somebody wrote it, before anything has judged it. */
export interface Source {
  /** The file that problems name where nothing closer is known. */
  readonly name: string;
  /** Tables as a file would have them, right in form or not. */
  readonly raw: unknown;
  /** Where what stands at a path, or the closest table around it, was written. It is asked only of what is wrong. */
  readonly locate: (path: Path) => Place | undefined;
}

/** The text of a configuration file and the name to call it by. */
export interface ConfigText {
  readonly path: string;
  readonly text: string;
}

/** A file of TOML as a source, or why it is none. */
export function tomlSource({ path: file, text }: ConfigText): Source | { problem: Problem } {
  const parsed = parseToml(text);
  if ("problem" in parsed) {
    const { line, column, reason } = parsed.problem;
    const lighttpd = hintForLighttpd(text);
    return {
      problem: lighttpd === null
        ? { file, line, column, path: "", rule: `not TOML: ${reason}` }
        : { file, path: "", rule: lighttpd },
    };
  }
  const lineOf = lineLocator(text);
  return {
    name: file,
    raw: parsed.value,
    locate(path) {
      const line = lineOf(path);
      return line === undefined ? undefined : { file, line };
    },
  };
}

/**
 * The lines of a token file, `token: host:port`, as websockify's TokenFile reads them: `#` begins a comment, a colon and white space end the
 * token, and of two lines with one token the later holds.
 *
 * @module
 */
import type { LineProblem } from "./line_problems.ts";
import { parseTarget } from "./target_text.ts";

/** So many lines take some milliseconds to read. */
const LINES_AT_ONCE = 1_000;

/** What a request may say as a token. */
const SAYABLE = /^[\x21-\x7e]+$/;

const SEPARATOR = /:\s/g;

/** Reads lines into `targets`, from tokens to what {@linkcode parseTarget} reads, and yields now and then, for who reads them to let others go on. */
export function* readTokenLines(
  text: string,
  targets: Map<string, string>,
  problems: LineProblem[],
): Generator<void> {
  let line = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const problem = readLine(text.slice(start, end).trim(), targets);
    line++;
    if (problem !== null) problems.push({ line, problem });
    start = end + 1;
    if (line % LINES_AT_ONCE === 0) yield;
  }
}

function readLine(line: string, targets: Map<string, string>): string | null {
  if (line === "" || line.startsWith("#")) return null;
  const separators = [...line.matchAll(SEPARATOR)];
  if (separators.length !== 1) return FORM;
  const { index } = separators[0]!;
  const token = line.slice(0, index).trim();
  const target = line.slice(index + 1).trim();
  if (token === "") return FORM;
  if (!SAYABLE.test(token)) {
    return "must have a token of visible ASCII without spaces: no other is taken from a request";
  }
  if (parseTarget(target) === null) return "must have a target such as host:port behind its token";
  targets.set(token, target);
  return null;
}

const FORM = "must be a token, a colon, a space and a target: token: host:port";

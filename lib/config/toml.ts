/**
 * TOML text to values and back, and the lines that keys stand on. The one file that knows the TOML library.
 *
 * @module
 */
import { parse, stringify, TomlError } from "smol-toml";
import { type Path, valueAt } from "./problem.ts";

/** Why a text is no TOML, and where; line and column count from 1. */
export interface SyntaxProblem {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

/** Reads a document. A reason never quotes the text: it may hold secrets. */
export function parseToml(text: string): { value: unknown } | { problem: SyntaxProblem } {
  try {
    return { value: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    return { problem: { line: error.line, column: error.column, reason } };
  }
}

/** Writes a document. */
export function writeToml(value: Record<string, unknown>): string {
  return stringify(value);
}

/** Past so many characters parsed, keys are no longer located: a big file must be refused without delay. */
const PARSE_BUDGET = 8 * 1024 * 1024;

/**
 * Gives, for a path, the line (from 1) where its key is written, or that of the closest table around it that is
 * written at all; undefined where there is none. `text` must parse. Nothing is done before the first path is asked for.
 *
 * A prefix of the lines parses unless it ends amid a value, and a key once there stays. So the shortest prefix with the
 * key is found by halving, and the key starts after the longest prefix without it.
 */
export function lineLocator(text: string): (path: Path) => number | undefined {
  let locate: ((path: Path) => number | undefined) | undefined;
  return (path) => (locate ??= locatorIn(text))(path);
}

function locatorIn(text: string): (path: Path) => number | undefined {
  const lines = text.split("\n");
  const whole = parse(text);
  const prefixes = new Map<number, unknown>([[0, {}], [lines.length, whole]]);
  let budget = PARSE_BUDGET;

  /** The value of the first `count` lines; undefined when they end amid a value. */
  function prefix(count: number): unknown {
    if (!prefixes.has(count)) {
      // With its last newline: a carriage return alone would be no TOML.
      const start = lines.slice(0, count).join("\n") + "\n";
      budget -= start.length;
      const parsed = parseToml(start);
      prefixes.set(count, "value" in parsed ? parsed.value : undefined);
    }
    return prefixes.get(count);
  }

  function locate(path: Path): number | undefined {
    let depth = path.length;
    while (depth > 0 && valueAt(whole, path.slice(0, depth)) === undefined) depth--;
    if (depth === 0) return undefined;
    const written = path.slice(0, depth);
    let without = 0;
    let within = lines.length;
    while (within - without > 1) {
      if (budget < 0) return undefined;
      const middle = (without + within) >> 1;
      let good = middle;
      while (good > without && prefix(good) === undefined && budget >= 0) good--;
      if (valueAt(prefix(good), written) === undefined) without = middle;
      else within = good;
    }
    return lineOfElement(written, firstLineOf(lastGood(within - 1)));
  }

  /** Within a list that is written over several lines: the first line with which, closed, it has the element. */
  function lineOfElement(path: Path, keyLine: number): number {
    const element = path.slice(0, path.findLastIndex((part) => typeof part === "number") + 1);
    if (element.length === 0) return keyLine;
    let count = keyLine;
    for (; prefix(count) === undefined; count++) {
      if (budget < 0) return keyLine;
      const closed = lines.slice(0, count).join("\n") + "\n]";
      budget -= closed.length;
      const parsed = parseToml(closed);
      if ("value" in parsed && valueAt(parsed.value, element) !== undefined) return count;
    }
    return count;
  }

  function lastGood(count: number): number {
    while (prefix(count) === undefined) count--;
    return count;
  }

  /** The first line after `count` others that is neither blank nor a comment. */
  function firstLineOf(count: number): number {
    while (/^\s*(#.*)?$/.test(lines[count] ?? "x")) count++;
    return count + 1;
  }

  return locate;
}

/** Tables of configurations and of what is said of them. */
import assert from "node:assert/strict";
import { loadToml } from "../../lib/config/load.ts";
import { formatProblem } from "../../lib/config/problem.ts";

/** Lines of a configuration, and what is said of them, as the user reads it. */
export type Case = [lines: string, ...said: string[]];

function problemsOf(text: string): string[] {
  const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
  return "problems" in loaded ? loaded.problems.map(formatProblem) : [];
}

/** Checks each case, its lines put into a file by `around`. */
export function testTable(cases: readonly Case[], around: (lines: string) => string): void {
  for (const [lines, ...said] of cases) {
    const [got, want] = [problemsOf(around(lines)), said].map((list) => list.join("\n"));
    // Of one line, the order says nothing.
    assert.deepEqual(got!.split("\n").sort(), want!.split("\n").sort(), lines);
  }
}

/**
 * What is wrong with lines of a file, in words that go behind its name.
 *
 * @module
 */

/** A line that is wrong, counted from 1. Nothing of it is repeated: it may hold a secret. */
export interface LineProblem {
  readonly line: number;
  readonly problem: string;
}

/** How many lines are named. */
const MOST_NAMED = 3;

/** The first of them by their numbers, and how many more there are. */
export function nameLines(problems: readonly LineProblem[]): string {
  const named = problems.slice(0, MOST_NAMED)
    .map(({ line, problem }) => `line ${line} ${problem}`);
  const more = problems.length - named.length;
  const rest = more === 0 ? [] : [more === 1 ? "and one more line" : `and ${more} more lines`];
  return [...named, ...rest].join("; ");
}

/**
 * What the readers of the flags of `connect` share.
 *
 * @module
 */
import { quote } from "../../config/problem.ts";

/** The whole line for a person. */
export type Problem = { readonly problem: string };

/** All values of a flag, in their order. */
export type All = (name: string) => readonly string[];

/** The value of a flag that is given once. */
export type Last = (name: string) => string | undefined;

export type Environment = Readonly<Record<string, string>>;

export function wrong(name: string, rule: string, value: string): Problem {
  return { problem: `${name}: ${rule}: current value is ${quote(value)}` };
}

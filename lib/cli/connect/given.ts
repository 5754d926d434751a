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

/** How a URL begins that is none of those that may be, which is no secret. */
export function beginning(url: string): string {
  const [, scheme] = /^([a-z][a-z\d+.-]{0,15}):\/\//i.exec(url) ?? [];
  if (scheme === undefined) return "it begins with none of these";
  return /^wss?$/i.test(scheme)
    ? `what stands behind ${scheme}:// is no host with a port from 1 to 65535`
    : `it begins with ${scheme}://`;
}

export function wrong(name: string, rule: string, value: string): Problem {
  return { problem: `${name}: ${rule}: current value is ${quote(value)}` };
}

/**
 * What a shell would read in a command, and we pass on as it is.
 *
 * @module
 */
import { bareText, wordsOf } from "./command_line.ts";
import type { Finding, Path } from "./problem.ts";

/** Programs that read a command themselves, here or elsewhere. */
const SHELLS = /(?:^|\/)(?:(?:ba|da|z|k|mk|a|fi|c|tc)?sh|busybox|pwsh|ssh|su)$/;

const SHELL_CHARACTERS = /[|<>;&$`*]/g;

/** A word of a list that is an operator, or a variable, and nothing else: others may well be meant. */
const SHELL_WORD = /^(?:[|;&]{1,2}|\d*(?:<|>>?)(?:&\d)?|\$\{?\w+\}?)$/;

/** Warns of a command, a line or a list of words, that seems to be written for a shell and has none. */
export function warnOfShell(command: unknown, path: Path): Finding[] {
  const words = wordsOf(command);
  if (words.some((word) => SHELLS.test(word))) return [];
  const bare = typeof command === "string"
    ? bareText(command)
    : words.filter((word) => SHELL_WORD.test(word)).join("");
  const found = [...new Set(bare.match(SHELL_CHARACTERS))];
  if (found.length === 0) return [];
  const rule = `has ${found.join(" ")} and no shell reads it: write sh -c '...' for one, ` +
    "or quote what is to be passed on as it is";
  return [{ path, rule }];
}

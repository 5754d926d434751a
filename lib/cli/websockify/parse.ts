/**
 * Words to websockify's options, by the rules of its parser, Python's optparse: `--name value` and `--name=value`, any beginning of a
 * name that no other name has, short options together (`-vD`), options behind words, and of an option that is given twice the last.
 *
 * @module
 */
import { FLAGS } from "../flags.ts";
import { type OptionName, OPTIONS, type WebsockifyOption } from "./options.ts";

/** What the words say. */
export interface CommandLine {
  /** Values by the names of options; empty for one without a value. */
  readonly given: ReadonlyMap<OptionName, string>;
  /** Where it listens and where it leads, as far as they are there. */
  readonly words: readonly string[];
  /** What stands behind `--`; null: there is none. */
  readonly command: readonly string[] | null;
}

/** What is wrong with the words, in a line. */
export interface WrongWords {
  readonly problem: string;
}

const ALL: readonly (WebsockifyOption & { readonly name: OptionName })[] = OPTIONS;

/** Reads the words behind `wstunnel websockify`. */
export function parseWebsockify(args: readonly string[]): CommandLine | WrongWords {
  const given = new Map<OptionName, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") return { given, words, command: args.slice(at + 1) };
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      continue;
    }
    const read = arg.startsWith("--") ? readLong(arg) : readShort(arg);
    if ("problem" in read) return read;
    for (const { option, value } of read.options) {
      const text = option.value === undefined ? "" : value ?? args[++at];
      if (text === undefined) return { problem: `${option.name} option requires 1 argument` };
      const problem = valueProblem(option, text);
      if (problem !== null) return { problem: `option ${option.name}: ${problem}` };
      given.set(option.name, text);
    }
  }
  return { given, words, command: null };
}

interface Read {
  readonly options: readonly {
    readonly option: (typeof ALL)[number];
    /** Behind a `=`. */
    readonly value?: string;
  }[];
}

function readLong(arg: string): Read | WrongWords {
  const [, name = "", , value] = /^([^=]*)(=(.*))?$/s.exec(arg)!;
  const exact = ALL.find((option) => option.name === name);
  const near = ALL.filter((option) => option.ours === undefined && option.name.startsWith(name));
  if (exact === undefined && near.length > 1) {
    const names = near.map((option) => option.name).toSorted().join(", ");
    return { problem: `ambiguous option: ${name} (${names}?)` };
  }
  const option = exact ?? near[0];
  if (option === undefined) return { problem: `no such option: ${name}${whereItIs(name)}` };
  if (value === undefined) return { options: [{ option }] };
  return option.value === undefined
    ? { problem: `${option.name} option does not take a value` }
    : { options: [{ option, value }] };
}

/** What to do with a flag of our own. */
function whereItIs(name: string): string {
  return FLAGS.some((flag) => flag.name === name)
    ? "; it is an option of wstunnel's own, without the word websockify"
    : "";
}

function readShort(arg: string): Read | WrongWords {
  const names = [...arg.slice(1)].map((letter) => `-${letter}`);
  const options = names.map((name) => ALL.find((option) => option.short === name));
  const unknown = options.indexOf(undefined);
  return unknown >= 0
    ? { problem: `no such option: ${names[unknown]}` }
    : { options: options.map((option) => ({ option: option! })) };
}

function valueProblem({ whole, choices }: WebsockifyOption, value: string): string | null {
  if (whole && toWhole(value) === null) return `invalid integer value: '${value}'`;
  if (choices === undefined || choices.includes(value)) return null;
  const all = choices.map((choice) => `'${choice}'`).join(", ");
  return `invalid choice: '${value}' (choose from ${all})`;
}

/** A number as optparse reads one: `0x` hexadecimal, `0b` binary, any other `0` in front octal. Null: it is none. */
export function toWhole(text: string): number | null {
  const match = /^\s*([+-]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)\s*$/.exec(text);
  if (match === null) return null;
  const [, sign, digits = ""] = match;
  const number = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return sign === "-" ? -number : number;
}

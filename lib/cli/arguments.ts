/**
 * Arguments to what the user wants. The one file that knows commander.
 *
 * @module
 */
import { Command, CommanderError, Option } from "commander";
import { nearest } from "../base/nearest.ts";
import { HOST } from "../config/host_keys.ts";
import { namesOf } from "../config/key.ts";
import { WSTUNNEL } from "../config/keys.ts";
import { LISTENER } from "../config/listener.ts";
import { TOP } from "../config/top_keys.ts";
import { type Command as Subcommand, type CommandName, COMMANDS, URL_FLAG } from "./commands.ts";
import { DESCRIPTION, EXAMPLES, EXIT_CODES, type Flag, FLAGS, SWITCHES } from "./flags.ts";
import { hintForForeign, hintForForeignClient, isForeign } from "./foreign.ts";

/** A flag as it was given. */
export interface GivenFlag {
  readonly name: Flag["name"];
  readonly value: string;
}

/** What a server that runs is asked for. */
export interface Ask {
  readonly command: Exclude<CommandName, "check" | "connect" | "websockify">;
  /** What stands behind its name. */
  readonly words: readonly string[];
  readonly given: readonly GivenFlag[];
  /** The flags without a value. */
  readonly switches: readonly string[];
}

/** What `connect` is to do. */
export interface ConnectRequest {
  /** A URL, or pairs LISTEN=URL. */
  readonly words: readonly string[];
  readonly given: readonly GivenFlag[];
  /** The flags without a value. */
  readonly switches: readonly string[];
}

/** What the arguments ask for; `given` in the order of the command line. */
export type Invocation =
  | { readonly kind: "serve" | "check"; readonly given: readonly GivenFlag[] }
  | { readonly kind: "probe"; readonly url: string }
  | ({ readonly kind: "ask" } & Ask)
  | ({ readonly kind: "connect" } & ConnectRequest)
  /** What stands behind it is websockify's. */
  | { readonly kind: "websockify"; readonly args: readonly string[] }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly message: string };

/** What stands below the help, where there are examples. */
function helpAfter(examples: readonly string[]): string {
  return examples.length === 0 ? "" : `
Examples:
${examples.map((line) => `  ${line}`).join("\n")}

Exit codes:
${EXIT_CODES.map((meaning, code) => `  ${code}  ${meaning}`).join("\n")}`;
}

const [VERSION, HELP] = ["--version", "--help"].map((name) => {
  const { short, summary } = SWITCHES.find((one) => one.name === name)!;
  return { flags: `${short}, ${name}`, summary };
}) as [{ flags: string; summary: string }, { flags: string; summary: string }];

/** Reads the arguments; writes nothing and never exits. */
export function parseArguments(args: readonly string[]): Invocation {
  const [first, second] = args;
  if (first === "websockify") return { kind: "websockify", args: args.slice(1) };
  if (first === "help" && second === "websockify") return { kind: "websockify", args: ["--help"] };
  const given: GivenFlag[] = [];
  let output = "";
  let invocation: Invocation = { kind: "version" };
  const describe = (command: Command): Command =>
    command
      .exitOverride()
      .allowExcessArguments()
      .helpOption(HELP.flags, HELP.summary)
      .configureOutput({
        writeOut: (text) => output += text,
        writeErr: () => {},
        getOutHelpWidth: () => 80,
      });
  const take = (kind: "serve" | "check", command: Command): void => {
    const [word] = command.args;
    invocation = word === undefined
      ? toInvocation(kind, given)
      : { kind: "wrong", message: withHint(unexpected(word, kind), args) };
  };
  const root = describe(new Command("wstunnel"))
    .description(DESCRIPTION)
    .version("", VERSION.flags, VERSION.summary)
    .helpCommand("help [command]", HELP.summary)
    .action((_options, command: Command) => take("serve", command))
    .addHelpText("after", helpAfter(EXAMPLES));
  for (const flag of FLAGS) root.addOption(toOption(flag, given));
  for (const [name, about] of COMMAND_LIST.filter(([name]) => isMeant(name, args))) {
    const command = describe(root.command(name))
      .description(about.summary)
      .addHelpText(
        "after",
        helpAfter(EXAMPLES.filter((line) => line.includes(`wstunnel ${name} `))),
      )
      .configureHelp({ showGlobalOptions: about.configures === true });
    if (about.argument !== undefined) command.argument(`<${about.argument}>`);
    for (const flag of about.flags) command.addOption(toOption(flag, given));
    for (const { name, summary } of about.switches) command.addOption(new Option(name, summary));
    command.action(() => {
      if (name === "check") return take("check", command);
      const words = command.args;
      if (name === "websockify") return void (invocation = { kind: "wrong", message: NOT_FIRST });
      const message = problemOf({ command: name, words, given }, about);
      if (message !== null) {
        invocation = { kind: "wrong", message };
      } else if (name === "connect") {
        invocation = { kind: "connect", words, given, switches: switchesOf(command) };
      } else {
        invocation = { kind: "ask", command: name, words, given, switches: switchesOf(command) };
      }
    });
  }
  describe(root.command("version", { hidden: true })).action(() => {});
  try {
    root.parse(args, { from: "user" });
    return invocation;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { kind: "version" };
    if (error.exitCode === 0) return { kind: "help", text: output };
    return { kind: "wrong", message: withHint(oneLine(error.message), args) };
  }
}

/** The command that the arguments begin with; null: none. */
function commandOf([first]: readonly string[]): CommandName | null {
  return COMMAND_LIST.find(([name]) => name === first)?.[0] ?? null;
}

/** Where more is said about what is wrong with the arguments. */
export function helpFor(args: readonly string[]): string {
  const command = commandOf(args);
  return command === null ? "wstunnel --help" : `wstunnel ${command} --help`;
}

const NOT_FIRST =
  "websockify must be the first word; behind it stand options of websockify's alone";

const COMMAND_LIST = Object.entries(COMMANDS) as [CommandName, Subcommand][];

/** Whether the arguments may be about a command: to make them all takes half a millisecond of every start. */
function isMeant(name: CommandName, args: readonly string[]): boolean {
  return [name, "help", "--help", "-h"].some((word) => args.includes(word));
}

function switchesOf(command: Command): string[] {
  // One with a value gave its word to `given` and is here as well, without it.
  return Object.entries(command.opts<Record<string, unknown>>())
    .flatMap(([name, value]) => value === true ? [`--${name}`] : []);
}

/** What is wrong with the words and flags of a command; null: nothing. */
function problemOf(
  { command, words, given }: Pick<Ask, "words" | "given"> & { readonly command: CommandName },
  { argument, flags }: Subcommand,
): string | null {
  const other = given.find(({ name }) => flags.every((flag) => flag.name !== name));
  if (other !== undefined) return `${other.name} has no effect with ${command}`;
  const most = argument === undefined ? 0 : argument.endsWith("...") ? Infinity : 1;
  const extra = words[most];
  if (extra !== undefined) return `unexpected argument '${extra}'`;
  const stray = command === "end" ? words.find((word) => !/^\d{1,15}$/.test(word)) : undefined;
  if (stray !== undefined) return `'${stray}' is no id of a tunnel: wstunnel tunnels lists them`;
  const single = given.map((one) => one.name)
    .filter((name) => flags.find((flag) => flag.name === name)?.repeatable !== true);
  const name = single.find((name, at) => single.indexOf(name) !== at);
  return name === undefined ? null : `${name}: must be given once`;
}

/** An option that adds to `given`, since commander itself forgets the order. */
function toOption(flag: Flag, given: GivenFlag[]): Option {
  const summary = flag.repeatable ? `${flag.summary}; repeatable` : flag.summary;
  return new Option(`${flag.name} <${flag.value}>`, summary)
    .argParser((value: string) => void given.push({ name: flag.name, value }));
}

function toInvocation(kind: "serve" | "check", given: readonly GivenFlag[]): Invocation {
  const urls = given.filter(({ name }) => name === URL_FLAG.name).map(({ value }) => value);
  const [url, second] = urls;
  if (url === undefined) return { kind, given };
  const wrong = (message: string): Invocation => ({ kind: "wrong", message });
  if (second !== undefined) {
    const both = urls.map((one) => JSON.stringify(one)).join(" and ");
    return wrong(`${URL_FLAG.name}: must be given once, not as ${both}`);
  }
  const other = given.find(({ name }) => name !== URL_FLAG.name);
  return other === undefined
    ? { kind: "probe", url }
    : wrong(`--url asks a server that runs: ${other.name} has no effect beside it`);
}

function unexpected(word: string, kind: "serve" | "check"): string {
  if (kind === "check") return `unexpected argument '${word}'; a file is given with --config`;
  const near = nearest(word, [...COMMAND_LIST.map(([name]) => name), "help", "version"]);
  if (near !== null) return `unknown command '${word}' (Did you mean ${near}?)`;
  // The query of a URL may hold a token.
  const shown = word.replace(/^(wss?:\/\/).*[?@].*/s, "$1...");
  return `unexpected argument '${shown}'; a backend is given with --server, a file with --config`;
}

/** The message, with what to write in its place where a command fell apart, or the words are another program's. */
function withHint(message: string, args: readonly string[]): string {
  const [, unknown = ""] = /^unknown option '(--?[^'=]+)/.exec(message) ?? [];
  if (args[0] === "connect") {
    const hint = hintForForeignClient(unknown);
    return hint === null ? message : `${message.replace(/ \(Did you mean .*/, "")}; ${hint}`;
  }
  const owners = COMMAND_LIST.filter(([, { flags, switches }]) =>
    [...flags, ...switches].some(({ name }) => name === unknown)
  ).map(([name]) => `wstunnel ${name}`);
  if (owners.length > 0 && commandOf(args) === null && !isForeign(unknown)) {
    const rest = message.replace(/ \(Did you mean .*/, "");
    return `${rest}; ${unknown} is a flag of ${owners.join(" and ")}`;
  }
  // Its own words look like ours, or like another program's.
  const isBare = args.some((word) => /^(?:--server=)?exec:\S+$/.test(word));
  if (isBare) {
    return `${message}; a command with arguments is quoted whole: --server 'exec:sshd -i'`;
  }
  const [, option = ""] = /^unknown option '--([^'=]+)/.exec(message) ?? [];
  const isFlag = message.includes("(Did you mean");
  if (KEYS.includes(option) && !isFlag && !isForeign(`--${option}`)) {
    return `${message}; ${option} is a key of the file (--config FILE), and has no flag`;
  }
  const foreign = hintForForeign(args);
  // What is like a foreign word, or may stand there, is not what was meant.
  return foreign === null
    ? message
    : `${message.replace(/ \(Did you mean .*|;.*/, "")}; ${foreign}`;
}

/** Of the file. */
const KEYS = [TOP, WSTUNNEL, LISTENER, HOST].flatMap(namesOf);

function oneLine(message: string): string {
  return message.replace(/^error: /, "").replaceAll("\n", " ");
}

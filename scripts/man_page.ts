/**
 * The man page, made of the table of flags, the schema of the file and the tables of the README.
 *
 * @module
 */
import { VERSION } from "../lib/base/version.ts";
import { VARIABLES } from "../lib/cli/environment.ts";
import { type Command, COMMANDS, URL_FLAG } from "../lib/cli/commands.ts";
import { DESCRIPTION, EXAMPLES, EXIT_CODES, type Flag, FLAGS, SWITCHES } from "../lib/cli/flags.ts";
import { ALL_COMMANDS } from "./all_commands.ts";
import { configurationSection } from "./man_configuration.ts";
import { ANSWERS, type Ending, ENDINGS, SIGNALS } from "./reference_tables.ts";
import { bold, escape, item } from "./roff.ts";

const COMMAND_LIST: readonly (readonly [name: string, command: Command])[] = Object.entries(
  ALL_COMMANDS,
);

const OTHERS = ["connect", "websockify"];

const ASKING = COMMAND_LIST
  .filter(([name, { configures }]) => !configures && !OTHERS.includes(name))
  .map(([, command]) => command);

/** Each once. */
const ASKING_FLAGS = [...new Set(ASKING.flatMap(({ flags }) => flags))];
const ASKING_SWITCHES = [...new Set(ASKING.flatMap(({ switches }) => switches))];

/** wstunnel(1), for man(7) macros. */
export function manPage(): string {
  return [
    '.\\" Made by deno task packaging.',
    `.TH WSTUNNEL 1 "" "wstunnel ${VERSION}"`,
    ".SH NAME",
    "wstunnel \\- WebSocket tunnel endpoint",
    ".SH SYNOPSIS",
    "\\fBwstunnel\\fR [\\fIoptions\\fR]",
    ".br",
    ...COMMAND_LIST.flatMap(([name, command], at) => [
      ...(at === 0 ? [] : [".br"]),
      synopsis(name, command),
    ]),
    ".SH DESCRIPTION",
    escape(DESCRIPTION),
    ".SH COMMANDS",
    ...COMMAND_LIST.flatMap(([name, { summary }]) => item(name, summary)),
    ".SH OPTIONS",
    ...[...FLAGS, URL_FLAG].flatMap(flagItem),
    ...SWITCHES.flatMap(({ name, short, summary }) => item(`${short}, ${name}`, summary)),
    ".SH OPTIONS OF CONNECT",
    ...COMMANDS.connect.flags.flatMap(flagItem),
    ...COMMANDS.connect.switches.flatMap(({ name, summary }) => item(name, summary)),
    ".SH OPTIONS OF WEBSOCKIFY",
    ...ALL_COMMANDS["websockify"]!.flags.flatMap(flagItem),
    ...ALL_COMMANDS["websockify"]!.switches.flatMap(({ name, short, summary }) =>
      item(short === undefined ? name : `${short}, ${name}`, summary)
    ),
    "Those that are refused, and why, are listed by wstunnel websockify --help.",
    ".SH OPTIONS OF COMMANDS THAT ASK A SERVER",
    ...ASKING_FLAGS.flatMap(flagItem),
    ...ASKING_SWITCHES.flatMap(({ name, summary }) => item(name, summary)),
    ...configurationSection(),
    ".SH ANSWERS",
    "What a request is answered with. Each refusal has a body of one line that says why.",
    ...ANSWERS.flatMap(([statuses, when]) => item(statuses, when)),
    ".SH CAUSES",
    "How a tunnel ends, as the last line of its log names it: cause and close code.",
    ...Object.entries(ENDINGS).flatMap(([cause, ending]) => item(cause, told(ending))),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap((meaning, code) => item(String(code), meaning)),
    ".SH ENVIRONMENT",
    ...Object.entries(VARIABLES).flatMap(([name, { summary }]) => item(name, summary)),
    ".SH SIGNALS",
    ...SIGNALS.flatMap(([names, effect]) => item(names, effect)),
    ".SH EXAMPLES",
    ".nf",
    ...EXAMPLES.map(escape),
    ".fi",
    ".SH COPYRIGHT",
    "(c) 2026 the wstunnel authors. Free software under the MIT license.",
    "",
  ].join("\n");
}

function synopsis(name: string, { argument, flags, configures }: Command): string {
  const own = configures ? flags : [];
  const words = [
    `\\fBwstunnel ${name}\\fR`,
    "[\\fIoptions\\fR]",
    ...own.map((flag) => `[\\fB${escape(flag.name)}\\fR \\fI${flag.value}\\fR]`),
    ...(argument === undefined ? [] : [`\\fI${escape(argument)}\\fR`]),
  ];
  return words.join(" ");
}

function flagItem(flag: Flag): string[] {
  const repeat = flag.repeatable ? "; may be given several times" : "";
  const only = flag === URL_FLAG ? "with check: " : "";
  const term = `${bold(flag.name)} \\fI${escape(flag.value)}\\fR`;
  return [".TP", term, escape(only + flag.summary + repeat)];
}

function told({ happened, client, backend }: Ending): string {
  const rest = backend === "" ? "" : `; the backend: ${backend}`;
  return `${happened}. The client gets: ${client}${rest}.`;
}

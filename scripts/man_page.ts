/**
 * The man page, made of the table of flags.
 *
 * @module
 */
import { VERSION } from "../lib/base/version.ts";
import { VARIABLES } from "../lib/cli/environment.ts";
import {
  COMMANDS,
  DESCRIPTION,
  EXAMPLES,
  EXIT_CODES,
  type Flag,
  FLAGS,
  SWITCHES,
  URL_FLAG,
} from "../lib/cli/flags.ts";

const SIGNALS: Readonly<Record<string, string>> = {
  "SIGTERM, SIGINT":
    "end: no new tunnels, those that are open get a Close with code 1001 and the " +
    "grace time, programs are stopped; a second one cuts the grace time short",
  "SIGUSR2": "write the state of every backend to the log",
  "SIGUSR1":
    "nothing; run from source, where FFI is not permitted, it opens the runtime's debugger",
  "SIGHUP, SIGQUIT, SIGALRM and others":
    "the system's default: the end at once, without a word to clients",
};

/** wstunnel(1), for man(7) macros. */
export function manPage(): string {
  return [
    '.\\" Made of the flag definitions by deno task packaging.',
    `.TH WSTUNNEL 1 "" "wstunnel ${VERSION}"`,
    ".SH NAME",
    "wstunnel \\- WebSocket tunnel endpoint",
    ".SH SYNOPSIS",
    "\\fBwstunnel\\fR [\\fIoptions\\fR]",
    ".br",
    ...Object.keys(COMMANDS).map((name) =>
      `\\fBwstunnel ${name}\\fR [\\fIoptions\\fR] [\\fB${escape(URL_FLAG.name)}\\fR \\fIURL\\fR]`
    ),
    ".SH DESCRIPTION",
    escape(DESCRIPTION),
    ".SH COMMANDS",
    ...Object.entries(COMMANDS).flatMap(([name, summary]) => item(bold(name), summary)),
    ".SH OPTIONS",
    ...[...FLAGS, URL_FLAG].flatMap(flagItem),
    ...SWITCHES.flatMap(({ name, short, summary }) =>
      item(`${bold(short)}, ${bold(name)}`, summary)
    ),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap((meaning, code) => item(bold(String(code)), meaning)),
    ".SH ENVIRONMENT",
    ...Object.entries(VARIABLES).flatMap(([name, { summary }]) => item(bold(name), summary)),
    ".SH SIGNALS",
    ...Object.entries(SIGNALS).flatMap(([name, meaning]) => item(bold(name), meaning)),
    ".SH EXAMPLES",
    ".nf",
    ...EXAMPLES.map(escape),
    ".fi",
    ".SH COPYRIGHT",
    "(c) 2026 the wstunnel authors. Free software under the MIT license.",
    "",
  ].join("\n");
}

function flagItem(flag: Flag): string[] {
  const repeat = flag.repeatable ? "; may be given several times" : "";
  const only = flag === URL_FLAG ? "with check: " : "";
  return item(`${bold(flag.name)} \\fI${escape(flag.value)}\\fR`, only + flag.summary + repeat);
}

function item(term: string, text: string): string[] {
  return [".TP", term, escape(text)];
}

function bold(text: string): string {
  return `\\fB${escape(text)}\\fR`;
}

/** Text as it is: a dash that can be copied, no line taken for a request, no quote turned into another. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq")
    .replace(/^\./, "\\&.");
}

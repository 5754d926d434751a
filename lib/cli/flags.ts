/**
 * The command line: the table of flags, and arguments to what the user wants. The one file that knows commander.
 *
 * @module
 */
import { Command, CommanderError, Option } from "commander";
import { nearest } from "../base/nearest.ts";
import { DEFAULTS } from "../config/defaults.ts";
import type { Path } from "../config/problem.ts";

/** A flag with a value. */
export interface Flag {
  readonly name: `--${string}`;
  /** What the help calls the value. */
  readonly value: string;
  readonly summary: string;
  readonly repeatable?: true;
  /** Whether the file has a number there. */
  readonly number?: true;
  /** The values there are, for completion; the schema checks them. */
  readonly choices?: readonly string[];
  /** The place in the file that it sets as it is. */
  readonly path?: Path;
}

const { wstunnel } = DEFAULTS;

/** Every flag with a value, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  {
    name: "--server",
    value: "ADDRESS",
    repeatable: true,
    summary:
      "backend: host:port, [v6]:port, unix:/path or exec:COMMAND; replaces those of the file",
  },
  {
    name: "--path",
    value: "KEY",
    summary: "path prefix, or suffix such as .vnc, that leads to --server (default: /)",
  },
  {
    name: "--listen",
    value: "ADDRESS",
    repeatable: true,
    path: ["listen"],
    summary: "where clients connect: host:port, [v6]:port, :port for all interfaces, unix:/path " +
      `(default: ${DEFAULTS.listen})`,
  },
  {
    name: "--listen-mode",
    value: "MODE",
    summary: "permissions of --listen unix:/path: who may write to it may connect " +
      `(default: ${DEFAULTS.listener.mode})`,
  },
  {
    name: "--listen-group",
    value: "GROUP",
    summary: "group, name or number, whom --listen unix:/path is given to (default: ours)",
  },
  {
    name: "--frame-type",
    value: "TYPE",
    choices: ["text", "binary"],
    path: ["wstunnel", "frame-type"],
    summary: `frames sent to clients: text or binary (default: ${wstunnel["frame-type"]})`,
  },
  {
    name: "--balance",
    value: "POLICY",
    choices: ["fair", "least-connection", "round-robin", "hash", "sticky"],
    path: ["wstunnel", "balance"],
    summary: "choice among several servers: fair, least-connection, round-robin, hash or sticky " +
      `(default: ${wstunnel.balance})`,
  },
  {
    name: "--origin",
    value: "ORIGIN",
    repeatable: true,
    path: ["wstunnel", "origins"],
    summary: "host name or origin to admit; without one all are",
  },
  {
    name: "--ping-interval",
    value: "SECONDS",
    number: true,
    path: ["wstunnel", "ping-interval"],
    summary: `seconds between Pings, 0 for none (default: ${wstunnel["ping-interval"]})`,
  },
  {
    name: "--debug",
    value: "LEVEL",
    number: true,
    path: ["wstunnel", "debug"],
    summary: "0 nothing, 1 errors, 2 warnings, 3 information, 4 and above debug " +
      `(default: ${wstunnel.debug})`,
  },
  {
    name: "--log-format",
    value: "FORMAT",
    choices: ["text", "json"],
    path: ["log-format"],
    summary: `log lines as text or json (default: ${DEFAULTS["log-format"]})`,
  },
  {
    name: "--engine",
    value: "ENGINE",
    choices: ["native", "stream"],
    path: ["engine"],
    summary: `native or stream (default: ${DEFAULTS.engine})`,
  },
  { name: "--config", value: "FILE", summary: "TOML file to read; a flag beats what it says" },
];

/** A flag of `check` alone. */
export const URL_FLAG: Flag = {
  name: "--url",
  value: "URL",
  summary: "ask a server that runs, and no configuration: http://host:port/path or unix:/path " +
    "whether it answers, ws://host:port/path whether a tunnel to its backend opens",
};

/** The flags without a value and what each does. */
export const SWITCHES = {
  "--version": "print the version and exit",
  "--help": "print this help and exit",
} as const;

/** The subcommands and what each does. */
export const COMMANDS = {
  check: "check the configuration, print the effective one as TOML and exit",
} as const;

export const DESCRIPTION =
  "Ends WebSockets and relays their bytes to TCP or unix-domain servers or programs.";

export const EXAMPLES: readonly string[] = [
  "wstunnel --server 127.0.0.1:5900 --frame-type binary",
  'wstunnel --path /ssh --server "exec:/usr/sbin/sshd -i" --frame-type binary',
  "wstunnel check --config wstunnel.toml",
  "wstunnel check --url http://127.0.0.1:8080/",
];

export const EXIT_CODES: readonly string[] = [
  "ended by SIGINT or SIGTERM, or what was checked is well",
  "cannot listen, or the server checked by --url is not well",
  "the command line or the configuration is wrong",
];

/** The values given, by the flag's name without dashes; one for each time it was given. */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

/** What the arguments ask for. */
export type Invocation =
  | { readonly kind: "serve" | "check"; readonly values: FlagValues }
  | { readonly kind: "probe"; readonly url: string }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly message: string };

const HELP_AFTER = `
Examples:
${EXAMPLES.map((line) => `  ${line}`).join("\n")}

Exit codes:
${EXIT_CODES.map((meaning, code) => `  ${code}  ${meaning}`).join("\n")}`;

/** Reads the arguments; writes nothing and never exits. */
export function parseArguments(args: readonly string[]): Invocation {
  let invocation: Invocation = { kind: "version" };
  let output = "";
  const take = (kind: "serve" | "check", command: Command) => {
    invocation = command.args.length === 0
      ? toInvocation(kind, command.optsWithGlobals())
      : { kind: "wrong", message: unexpected(command.args[0]!, kind) + commandHint(args) };
  };
  const root = describe(new Command("wstunnel"), (text) => output += text)
    .description(DESCRIPTION)
    .version("", "--version", SWITCHES["--version"])
    .action((_options, command: Command) => take("serve", command))
    .addHelpText("after", HELP_AFTER);
  for (const flag of FLAGS) root.addOption(toOption(flag));
  describe(root.command("check"), (text) => output += text)
    .description(COMMANDS.check)
    .addOption(toOption(URL_FLAG))
    .configureHelp({ showGlobalOptions: true })
    .action((_options, command: Command) => take("check", command));
  try {
    root.parse(args, { from: "user" });
    return invocation;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { kind: "version" };
    if (error.exitCode === 0) return { kind: "help", text: output };
    return { kind: "wrong", message: oneLine(error.message) + commandHint(args) };
  }
}

function describe(command: Command, write: (text: string) => void): Command {
  return command
    .exitOverride()
    .allowExcessArguments()
    .helpOption("--help", SWITCHES["--help"])
    .configureOutput({ writeOut: write, writeErr: () => {}, getOutHelpWidth: () => 80 });
}

function toOption(flag: Flag): Option {
  const summary = flag.repeatable ? `${flag.summary}; repeatable` : flag.summary;
  return new Option(`${flag.name} <${flag.value}>`, summary)
    .argParser((value: string, before: string[] | undefined) =>
      flag.repeatable ? [...before ?? [], value] : [value]
    );
}

type OptionValues = Readonly<Record<string, string[]>>;

function toInvocation(kind: "serve" | "check", options: OptionValues): Invocation {
  const values = valuesOf(options);
  const url = options["url"]?.at(-1);
  if (url === undefined) return { kind, values };
  const [other] = values.keys();
  return other === undefined ? { kind: "probe", url } : {
    kind: "wrong",
    message: `--url asks a server that runs: --${other} has no effect beside it`,
  };
}

function valuesOf(options: OptionValues): FlagValues {
  const given = FLAGS.map(({ name }) => {
    const attribute = name.slice(2).replace(/-./g, (dash) => dash[1]!.toUpperCase());
    return [name.slice(2), options[attribute]] as const;
  });
  return new Map(given.filter((entry): entry is [string, string[]] => entry[1] !== undefined));
}

function unexpected(word: string, kind: "serve" | "check"): string {
  if (kind === "check") return `unexpected argument '${word}'; a file is given with --config`;
  const near = nearest(word, Object.keys(COMMANDS));
  if (near !== null) return `unknown command '${word}' (Did you mean ${near}?)`;
  return `unexpected argument '${word}'; a backend is given with --server, a file with --config`;
}

/** A command without quotes falls apart, and its own words then look like ours. */
function commandHint(args: readonly string[]): string {
  const isBare = args.some((word) => /^(?:--server=)?exec:\S+$/.test(word));
  return isBare ? "; a command with arguments is quoted whole: --server 'exec:sshd -i'" : "";
}

function oneLine(message: string): string {
  return message.replace(/^error: /, "").replaceAll("\n", " ");
}

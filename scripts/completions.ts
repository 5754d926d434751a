/**
 * Shell completions, made of the table of flags.
 *
 * @module
 */
import type { Command } from "../lib/cli/commands.ts";
import { ALL_COMMANDS } from "./all_commands.ts";
import { type Flag, FLAGS, type Switch, SWITCHES } from "../lib/cli/flags.ts";

const COMMAND_LIST: readonly (readonly [name: string, command: Command])[] = Object.entries(
  ALL_COMMANDS,
);

/** Those that ask a server and take no flags of one. */
const ASKING = COMMAND_LIST.filter(([, { configures }]) => !configures);

/** Flags with a value, those of commands behind the others; of those that have one name the first. */
const VALUED: readonly Flag[] = [...FLAGS, ...COMMAND_LIST.flatMap(([, { flags }]) => flags)]
  .filter(({ name }, at, all) => all.findIndex((one) => one.name === name) === at);

/** What may stand behind a command. */
function flagsOf({ configures, flags }: Command): readonly Flag[] {
  return configures ? [...FLAGS, ...flags] : flags;
}

function switchesOf({ configures, switches }: Command): readonly Switch[] {
  const help = SWITCHES.filter(({ name }) => configures || name === "--help");
  return [...switches, ...help];
}

const NOTE = "Made of the flag definitions by deno task packaging.";

function takesFile(flag: Flag): boolean {
  return flag.value === "FILE";
}

/** What stands before the details: `backend` of `backend: host:port or ...`, an address such as `HOST:PORT` left whole. */
function brief({ summary }: Pick<Flag, "summary">): string {
  return summary.split(/: |[;(]/)[0]!.trim();
}

/** For bash 4 and later, also without the package bash-completion. */
export function bashCompletion(): string {
  const names = [...FLAGS, ...SWITCHES].map(({ name }) => name);
  const commands = COMMAND_LIST.map(([name]) => name);
  const ofCommands = COMMAND_LIST.map(([name, command]) => {
    const words = [...flagsOf(command), ...switchesOf(command)].map((one) => one.name);
    return `        ${name}) words="${words.join(" ")}" ;;`;
  });
  const choices = VALUED.flatMap((flag) =>
    flag.choices === undefined ? [] : [`    ${flag.name}) words="${flag.choices.join(" ")}" ;;`]
  );
  const files = VALUED.filter(takesFile).map(({ name }) => name);
  const free = VALUED.filter((flag) => flag.choices === undefined && !takesFile(flag))
    .map(({ name }) => name);
  return `# bash completion of wstunnel. ${NOTE}
_wstunnel() {
  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD - 1]} words= word command=
  # --flag=value comes as three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $flag == = ]]; then
    flag=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $flag in
${choices.join("\n")}
    ${files.join("|")})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    ${free.join("|")}) return ;;
    *)
      for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
          ${commands.join("|")})
            command=$word
            break
            ;;
        esac
      done
      case $command in
${ofCommands.join("\n")}
        *) words="${[...names, ...commands].join(" ")}" ;;
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _wstunnel wstunnel
`;
}

/** For zsh, as a file `_wstunnel` in a folder of `fpath`. */
export function zshCompletion(): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const argument = (flag: Flag) => {
    const action = flag.choices !== undefined
      ? `(${flag.choices.join(" ")})`
      : takesFile(flag)
      ? "_files"
      : "";
    const repeat = flag.repeatable || flag.perRoute ? "*" : "";
    return quoted(`${repeat}${flag.name}=[${brief(flag)}]:${flag.value}:${action}`);
  };
  const option = ({ name, short, summary }: Switch) =>
    short === undefined
      ? `'${name}[${summary}]'`
      : `'(${short} ${name})'{${short},${name}}'[${summary}]'`;
  const commands = COMMAND_LIST
    .map(([name, { summary }]) => `${name}\\:"${summary.split(/[,:;]/)[0]}"`);
  const flags = [...FLAGS.map(argument), ...SWITCHES.map(option)];
  const ofCommands = COMMAND_LIST.map(([name, command]) => {
    const own = [...command.flags.map(argument), ...switchesOf(command).map(option)];
    return command.configures
      ? `  ${name}) flags+=(${command.flags.map(argument).join(" ")}) ;;`
      : `  ${name}) flags=(${own.join(" ")}) ;;`;
  });
  return `#compdef wstunnel
# ${NOTE}
local -a flags
flags=(
${flags.map((line) => `  ${line}`).join("\n")}
)
case \${words[(r)(${COMMAND_LIST.map(([name]) => name).join("|")})]} in
${ofCommands.join("\n")}
esac
_arguments $flags '1:command:((${commands.join(" ")}))'
`;
}

/** For fish. */
export function fishCompletion(): string {
  const quote = (text: string) => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const line = (name: string, rest: string, summary: string) =>
    `complete -c wstunnel -l ${name.slice(2)} ${rest}-d ${quote(summary)}`;
  const value = (flag: Flag) =>
    flag.choices !== undefined
      ? `-x -a ${quote(flag.choices.join(" "))} `
      : takesFile(flag)
      ? "-r -F "
      : "-x ";
  const seen = (names: readonly string[], not = "") =>
    `-n '${not}__fish_seen_subcommand_from ${names.join(" ")}' `;
  const unlessAsking = seen(ASKING.map(([name]) => name), "not ");
  const short = (one: Switch) => one.short === undefined ? "" : `-s ${one.short.slice(1)} `;
  /** Each once, with the commands that have it. */
  const ofCommands = <Part extends object>(parts: (command: Command) => readonly Part[]) =>
    [...new Set(COMMAND_LIST.flatMap(([, command]) => parts(command)))].map((part) => ({
      part,
      condition: seen(
        COMMAND_LIST.filter(([, command]) => parts(command).includes(part)).map(([name]) => name),
      ),
    }));
  const valued = [
    ...FLAGS.map((flag) => line(flag.name, unlessAsking + value(flag), brief(flag))),
    ...ofCommands<Flag>(({ flags }) => flags)
      .map(({ part, condition }) => line(part.name, condition + value(part), brief(part))),
  ];
  const switches = [
    ...SWITCHES.map((one) =>
      line(one.name, (one.name === "--help" ? "" : unlessAsking) + short(one), one.summary)
    ),
    ...ofCommands<Switch>(({ switches }) => switches)
      .map(({ part, condition }) => line(part.name, condition + short(part), part.summary)),
  ];
  const commands = COMMAND_LIST.map(([name, { summary }]) =>
    `complete -c wstunnel -n __fish_use_subcommand -a ${name} -d ${
      quote(summary.split(/[,:;]/)[0]!)
    }`
  );
  return [`# ${NOTE}`, "complete -c wstunnel -f", ...commands, ...valued, ...switches, ""].join(
    "\n",
  );
}

/**
 * Shell completions, made of the table of flags.
 *
 * @module
 */
import { COMMANDS, type Flag, FLAGS, SWITCHES, URL_FLAG } from "../lib/cli/flags.ts";

/** Flags with a value, those of `check` behind the others. */
const VALUED: readonly Flag[] = [...FLAGS, URL_FLAG];

const NOTE = "Made of the flag definitions by deno task packaging.";

function takesFile(flag: Flag): boolean {
  return flag.value === "FILE";
}

/** What stands before the details: `backend` of `backend: host:port or ...`. */
function brief({ summary }: Pick<Flag, "summary">): string {
  return summary.split(/[:;(]/)[0]!.trim();
}

/** For bash 4 and later, also without the package bash-completion. */
export function bashCompletion(): string {
  const names = [...FLAGS, ...SWITCHES].map(({ name }) => name);
  const choices = VALUED.flatMap((flag) =>
    flag.choices === undefined ? [] : [`    ${flag.name}) words="${flag.choices.join(" ")}" ;;`]
  );
  const files = VALUED.filter(takesFile).map(({ name }) => name);
  const free = VALUED.filter((flag) => flag.choices === undefined && !takesFile(flag))
    .map(({ name }) => name);
  return `# bash completion of wstunnel. ${NOTE}
_wstunnel() {
  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD - 1]} words=
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
      words="${names.join(" ")}"
      if [[ " \${COMP_WORDS[*]:1:COMP_CWORD-1} " == *" check "* ]]; then
        words+=" ${URL_FLAG.name}"
      else
        words+=" ${Object.keys(COMMANDS).join(" ")}"
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _wstunnel wstunnel
`;
}

/** For zsh, as a file `_wstunnel` in a folder of `fpath`. */
export function zshCompletion(): string {
  const argument = (flag: Flag) => {
    const action = flag.choices !== undefined
      ? `(${flag.choices.join(" ")})`
      : takesFile(flag)
      ? "_files"
      : "";
    const repeat = flag.repeatable || flag.perRoute ? "*" : "";
    return `'${repeat}${flag.name}=[${brief(flag)}]:${flag.value}:${action}'`;
  };
  const switches = SWITCHES.map(({ name, short, summary }) =>
    `'(${short} ${name})'{${short},${name}}'[${summary}]'`
  );
  const commands = Object.entries(COMMANDS)
    .map(([name, summary]) => `${name}\\:"${summary.split(",")[0]}"`);
  const flags = [...FLAGS.map(argument), ...switches];
  return `#compdef wstunnel
# ${NOTE}
local -a flags
flags=(
${flags.map((line) => `  ${line}`).join("\n")}
)
if (( \${words[(I)check]} )); then
  flags+=(${argument(URL_FLAG)})
fi
_arguments $flags '1:command:((${commands.join(" ")}))'
`;
}

/** For fish. */
export function fishCompletion(): string {
  const quote = (text: string) => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const line = (name: string, rest: string, summary: string) =>
    `complete -c wstunnel -l ${name.slice(2)} ${rest}-d ${quote(summary)}`;
  const valued = VALUED.map((flag) => {
    const value = flag.choices !== undefined
      ? `-x -a ${quote(flag.choices.join(" "))} `
      : takesFile(flag)
      ? "-r -F "
      : "-x ";
    const condition = flag === URL_FLAG ? "-n '__fish_seen_subcommand_from check' " : "";
    return line(flag.name, condition + value, brief(flag));
  });
  const switches = SWITCHES.map(({ name, short, summary }) =>
    line(name, `-s ${short.slice(1)} `, summary)
  );
  const commands = Object.entries(COMMANDS).map(([name, summary]) =>
    `complete -c wstunnel -n __fish_use_subcommand -a ${name} -d ${quote(summary.split(",")[0]!)}`
  );
  return [`# ${NOTE}`, "complete -c wstunnel -f", ...commands, ...valued, ...switches, ""].join(
    "\n",
  );
}

/** Terminals of the newcomer, who pastes and types into them what the README says. */
import { accepts } from "../support/installed.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { readLines } from "../support/lines.ts";
import type { Turn } from "./marks.ts";

/** How long anything of the README may take; the machine may be busy with others. */
const DEADLINE_MS = 30_000;

/** How long what a terminal has started may take to end with it. */
const END_MS = 10_000;

/** Where the newcomer stands. */
export const FOLDER = "/home/user/wstunnel";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** As Debian sets it for users, behind where `deno install` puts things. */
const USER_PATH = "/home/user/.deno/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

const ENVIRONMENT = {
  LANG: "C.UTF-8",
  TERM: "xterm",
  NO_COLOR: "1",
  npm_config_offline: "true",
  npm_config_update_notifier: "false",
};

/**
 * Runs each file that it is told, in one shell, until one fails. A pause behind something in the background is for it to
 * start: it begins when that listens, so that a busy machine makes no difference. What is ended has ended when the next
 * line is run, which may want its address.
 */
const SHELL = `
sleep() {
  local last=$! tries
  for tries in {1..400}; do
    [[ -n $last ]] && kill -0 "$last" 2>/dev/null || break
    ! ss -Hltnxp | grep -q "pid=$last," || break
    command sleep 0.05
  done
  command sleep "$@"
}
kill() {
  builtin kill "$@"
  [[ $1 == -* ]] || wait "$1" 2>/dev/null || true
}
while read -r pasted; do
  . "$pasted" </dev/null >>"$0" 2>&1
  echo done
done`;

/** Runs one file, in a terminal that can be typed into. */
const TYPED = `
read -r pasted
exec script -qefc "stty rows 24 columns 80 && bash -e $pasted" /dev/null >>"$0" 2>&1`;

export interface Terminal extends AsyncDisposable {
  /** All that was printed in it. */
  output(): string;
  /** Pastes lines, and types and waits in turn; fails unless all of it ends with 0. */
  run(text: string, turns?: readonly Turn[]): Promise<void>;
  /** Pastes lines that stay, and waits until all addresses can be connected to, or paths are there. */
  stay(text: string, ready: readonly string[], turns?: readonly Turn[]): Promise<void>;
}

let count = 0;

/** Opens one, for the user or for root. Closing it ends all that was started in it. */
export function openTerminal(asRoot: boolean, isTyped = false): Terminal {
  const name = `/tmp/.terminal-${count++}`;
  const out = `${name}.out`;
  Deno.writeTextFileSync(out, "");
  Deno.chmodSync(out, 0o666);
  const become = ["--reuid=user", "--regid=user", "--init-groups"];
  const child = new Deno.Command("setpriv", {
    args: [...(asRoot ? [] : become), "bash", "-ec", isTyped ? TYPED : SHELL, out],
    cwd: FOLDER,
    clearEnv: true,
    env: asRoot
      ? { ...ENVIRONMENT, HOME: "/root", USER: "root", PATH: SYSTEM_PATH }
      : { ...ENVIRONMENT, HOME: "/home/user", USER: "user", PATH: USER_PATH },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    // A group of its own, so that all that is started in it ends with it.
    detached: true,
  }).spawn();
  const words = child.stdin.getWriter();
  const done = readLines(child.stdout);
  let code: number | null = null;
  const ended = child.status.then((status) => code = status.code);
  const output = () => Deno.readTextFileSync(out).replaceAll("\r", "");
  let pasted = 0;

  const write = async (text: string) => {
    await words.write(new TextEncoder().encode(text)).catch(() => {});
  };
  const paste = async (text: string) => {
    const file = `${name}-${++pasted}.sh`;
    await Deno.writeTextFile(file, text);
    await write(`${file}\n`);
  };
  const take = async (turns: readonly Turn[]) => {
    let from = 0;
    for (const { what, text } of turns) {
      if (what === "types") {
        await write(`${unescape(text)}\n`);
        continue;
      }
      await eventually(`"${text}"`, () => output().includes(text, from), DEADLINE_MS);
      from = output().indexOf(text, from) + text.length;
    }
  };
  const isOver = () => code !== null || done.all.length >= pasted;

  return {
    output,
    async run(text, turns = []) {
      await paste(text);
      await take(turns);
      await eventually("the end of it", isOver, DEADLINE_MS);
      if (code !== null && code !== 0) throw new Error(`it ended with ${code}`);
    },
    async stay(text, ready, turns = []) {
      for (const address of ready) {
        if (address.startsWith("/")) continue;
        await eventually(`${address} to be free`, async () => !await accepts(address), END_MS);
      }
      await paste(text);
      await take(turns);
      for (const address of ready) {
        await eventually(address, async () => code !== null || await isThere(address), DEADLINE_MS);
      }
      if (code !== null) throw new Error(`it ended with ${code}`);
    },
    async [Symbol.asyncDispose]() {
      await words.close().catch(() => {});
      signal(child.pid, "SIGTERM");
      const isGone = () => !signal(child.pid, 0);
      await eventually("its end", isGone, END_MS).catch(() => signal(child.pid, "SIGKILL"));
      await inTime("its end", Promise.all([ended, done.ended]), () => {});
    },
  };
}

/** `\035` is the character of that number. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

async function isThere(address: string): Promise<boolean> {
  if (address.startsWith("/")) return await Deno.stat(address).then(() => true, () => false);
  return await accepts(address);
}

/** Signals a process group, or asks by 0; false: there is none. */
function signal(leader: number, name: Deno.Signal | 0): boolean {
  try {
    Deno.kill(-leader, name);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

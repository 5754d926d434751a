/** SIGHUP in a terminal: it asks for a reload while the terminal is there, and its end is the program's, unless nohup(1) says otherwise. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { type Lines, readLines } from "../support/lines.ts";
import { isRunning } from "../support/processes.ts";
import { startWords } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PYTHON = installed("python3");
const BASH = installed("bash");

/** A terminal for a program: what comes on our input is typed, until it ends; then the terminal is closed, and the program's end told. */
const TERMINAL = `
import os, pty, select, signal, sys
pid, master = pty.fork()
if pid == 0:
    # Also where these tests are run by nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])
print("pid", pid, flush=True)
while True:
    ready, _, _ = select.select([0, master], [], [])
    if master in ready:
        os.write(1, os.read(master, 4096))
    if 0 in ready:
        typed = os.read(0, 4096)
        if not typed:
            break
        os.write(master, typed)
os.close(master)
print("\\nended with", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`;

interface Terminal extends AsyncDisposable {
  /** What is shown in it. */
  readonly shown: Lines;
  type(line: string): Promise<void>;
  close(): Promise<void>;
}

function openTerminal(words: readonly string[], cwd = ROOT): Terminal {
  const process = new Deno.Command(PYTHON!, {
    args: ["-c", TERMINAL, ...words],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const shown = readLines(process.stdout);
  const input = process.stdin.getWriter();
  let closed: Promise<void> | null = null;
  const close = () => closed ??= input.close();
  return {
    shown,
    type: (line) => input.write(new TextEncoder().encode(`${line}\n`)),
    close,
    async [Symbol.asyncDispose]() {
      await close();
      await Promise.all([process.status, shown.ended]);
    },
  };
}

const ARGS = ["--server", "127.0.0.1:1", "--listen", "127.0.0.1:0"];

const why = PYTHON === null || BASH === null ? " (skipped: needs python3 and bash)" : "";

function testInTerminal(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name}${why}`, ignore: why !== "", fn });
}

testInTerminal(
  "a program that is alone in its terminal reloads at SIGHUP, and ends when the terminal does",
  async () => {
    await using terminal = openTerminal([...startWords(), ...ARGS]);
    const { shown } = terminal;
    await shown.find(/listening on/);
    const [, pid] = /^pid (\d+)$/.exec(shown.all.find((line) => line.startsWith("pid "))!)!;
    Deno.kill(Number(pid), "SIGHUP");
    await shown.find(/nothing has changed/);
    await terminal.close();
    await shown.find(/^ended with 0$/);
  },
);

/** In a shell that somebody types into; the log goes to a file. */
async function inShell(
  typed: (program: string) => string,
  body: (job: { pid: number; log: () => Promise<string>; terminal: Terminal }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const log = () => Deno.readTextFile(`${folder}/log`).catch(() => "");
  let pid = 0;
  try {
    await using terminal = openTerminal([BASH!, "--norc", "--noprofile", "-i"], folder);
    const words = [...startWords(), ...ARGS].map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(
      `${folder}/run`,
      `echo $$ > ${folder}/pid; cd ${ROOT}; exec ${words} > ${folder}/log 2>&1\n`,
    );
    await terminal.type(typed(`${BASH} ${folder}/run`));
    await eventually("its listener", async () => /listening on/.test(await log()));
    pid = Number(await Deno.readTextFile(`${folder}/pid`));
    assert.ok(isRunning(pid));
    await body({ pid, log, terminal });
  } finally {
    if (pid > 0 && isRunning(pid)) Deno.kill(pid, "SIGKILL");
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [where, mark] of [["background", " &"], ["foreground", ""]] as const) {
  testInTerminal(
    `a shell's job in the ${where} reloads at SIGHUP, and ends with its terminal as at one SIGTERM`,
    async () => {
      await inShell((program) => `${program}${mark}`, async ({ pid, log, terminal }) => {
        Deno.kill(pid, "SIGHUP");
        await eventually("a reload", async () => /nothing has changed/.test(await log()));
        await terminal.close();
        await eventually("its end", () => !isRunning(pid));
        assert.equal((await log()).match(/SIGHUP: ending/g)?.length, 1, "whoever sends it as well");
      });
    },
  );
}

testInTerminal(
  "what nohup(1) starts lives on when its terminal ends, and still reloads",
  async () => {
    await inShell((program) => `nohup ${program} &`, async ({ pid, log, terminal }) => {
      await terminal.close();
      await terminal.shown.find(/^ended with/);
      const reloads = async () => (await log()).split("nothing has changed").length;
      const before = await reloads();
      Deno.kill(pid, "SIGHUP");
      await eventually("a reload", async () => await reloads() > before);
      assert.ok(isRunning(pid));
      assert.doesNotMatch(await log(), /ending/);
    });
  },
);

testInTerminal("a program in a session of its own lives on as well", async () => {
  await inShell((program) => `setsid ${program} &`, async ({ pid, log, terminal }) => {
    await terminal.close();
    await terminal.shown.find(/^ended with/);
    Deno.kill(pid, "SIGHUP");
    await eventually("a reload", async () => /nothing has changed/.test(await log()));
    assert.doesNotMatch(await log(), /ending/);
  });
});

/** What each signal does to the program, and that none opens the runtime's debugger. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/processes.ts";
import { installed } from "../support/installed.ts";
import { listeningPorts } from "../support/listening.ts";
import {
  type Finished,
  type Program,
  runProgram,
  startProgram,
  startWords,
} from "../support/program.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { report } from "./report.ts";
import { text } from "./whole.ts";

/** Once the runtime would have begun to listen for SIGUSR1, half a second after its start. */
const RUNTIME_LISTENS_MS = 600;

/** By the shell, which knows every name and number. */
async function send(pid: number, signal: string): Promise<void> {
  const args = ["-c", 'kill "-$1" "$0"', String(pid), signal];
  const { success } = await new Deno.Command("/bin/sh", { args }).output();
  assert.ok(success, `kill -${signal}`);
}

async function echoes(client: RawClient, words: string): Promise<void> {
  await client.send(Opcode.BINARY, words);
  assert.equal(text(await client.payload(words.length)), words);
}

async function withEcho(
  body: (program: Program, client: RawClient) => Promise<void>,
  words = startWords(),
): Promise<void> {
  await using backend = serveBackend(echo);
  const args = ["--server", backend.address, "--frame-type", "binary"];
  await using program = await startProgram(args, { words });
  using client = await openTunnel(program.address);
  await body(program, client);
}

Deno.test("SIGUSR1 does nothing, however often it comes: no debugger listens, tunnels go on", async () => {
  await withEcho(async (program, client) => {
    const own = listeningPorts(program.pid);
    const started = performance.now();
    const hammer = 'i=0; while [ $i -lt 2000 ]; do kill -s USR1 "$0"; i=$((i + 1)); done';
    while (performance.now() - started < RUNTIME_LISTENS_MS) {
      const { success } = await new Deno.Command("/bin/sh", {
        args: ["-c", hammer, String(program.pid)],
      }).output();
      assert.ok(success);
      await echoes(client, "still here");
    }
    assert.deepEqual(listeningPorts(program.pid), own);
    using another = await openTunnel(program.address);
    await echoes(another, "new");
    assert.doesNotMatch(program.log.all.join("\n"), /Debugger/);
  });
});

const HARMLESS = ["USR1", "PIPE", "CHLD", "CONT", "URG", "WINCH"];

Deno.test(`these signals do nothing: ${HARMLESS.join(", ")}`, async () => {
  await withEcho(async (program, client) => {
    for (const signal of HARMLESS) {
      await send(program.pid, signal);
      await echoes(client, signal);
    }
    const { openTunnels } = await report(program);
    assert.equal(openTunnels, 1);
  });
});

const STOPPING = ["TSTP", "TTIN", "TTOU", "STOP"];

/**
 * In a group of its own, whose parent is in another one of the session: where nobody of the session looks after a group (POSIX: it is
 * orphaned, as that of these tests may be), the terminal's signals stop none of it.
 */
const AS_JOB = "import os, sys; os.setpgid(0, 0); os.execvp(sys.argv[1], sys.argv[1:])";

const python = installed("python3");

Deno.test({
  name: `these signals suspend it until SIGCONT: ${STOPPING.join(", ")}${
    python === null ? " (skipped: there is no python3)" : ""
  }`,
  ignore: python === null,
  async fn() {
    await withEcho(async (program, client) => {
      const state = () =>
        /^State:\t(\S)/m.exec(Deno.readTextFileSync(`/proc/${program.pid}/status`));
      for (const signal of STOPPING) {
        await send(program.pid, signal);
        await eventually(`${signal} to stop it`, () => state()?.[1] === "T");
        await send(program.pid, "CONT");
        await echoes(client, signal);
      }
    }, [python!, "-c", AS_JOB, ...startWords()]);
  },
});

/** The system's default for who doesn't listen: the end, at once and without a word. */
const DEADLY: readonly (readonly [signal: string, number: number])[] = [
  ["QUIT", 3],
  ["ALRM", 14],
  ["STKFLT", 16],
  ["XCPU", 24],
  ["XFSZ", 25],
  ["VTALRM", 26],
  ["PROF", 27],
  ["POLL", 29],
  ["PWR", 30],
  ["SYS", 31],
  ["RTMIN", 34],
  ["RTMAX", 64],
];

/** Whether who started these tests has them ignore a signal (nohup(1), a script's `&`), and so what they start. */
function isIgnored(number: number): boolean {
  const [, mask] = /^SigIgn:\t([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
  return (BigInt(`0x${mask}`) >> BigInt(number - 1) & 1n) === 1n;
}

for (const [signal, number] of DEADLY) {
  const why = isIgnored(number) ? " (skipped: it is ignored here)" : "";
  Deno.test({
    name: `SIG${signal} is the system's: it ends the program at once${why}`,
    ignore: why !== "",
    async fn() {
      // The runtime that tests run in has no names for all of these ends, a shell has numbers.
      const shell = '"$0" "$@"; code=$?; echo "ended with $code" >&2; exit $code';
      const words: [string, ...string[]] = ["/bin/sh", "-c", shell, ...startWords()];
      await using program = await startProgram(["--server", "127.0.0.1:1"], { words });
      const [pid] = childrenOf(program.pid);
      await send(pid!, String(number));
      await program.log.find(new RegExp(`^ended with ${128 + number}$`));
      assert.equal(await program.exit(), 128 + number);
      assert.deepEqual(program.log.all.filter((line) => /: ending/.test(line)), []);
    },
  });
}

Deno.test({
  name: "without FFI a warning says what SIGUSR1 does",
  // The permissions of an executable are made with it.
  ignore: startWords().length === 1,
  async fn() {
    const [deno, ...rest] = startWords();
    const words: [string, ...string[]] = [deno, ...rest.filter((word) => word !== "--allow-ffi")];
    await using program = await startProgram(["--server", "127.0.0.1:1"], { words });
    const [warning] = program.entries(
      "never send SIGUSR1: it opens the runtime's debugger, by which any local user can run code as ours",
    );
    assert.equal(warning?.level, "warning");
    assert.match(String(warning.reason), /--allow-ffi/);
  },
});

Deno.test("a program that it starts is ended by SIGUSR1, as any other", async () => {
  const server = "exec:/bin/cat /proc/self/status";
  await using program = await startProgram(["--server", server, "--frame-type", "binary"]);
  using client = await openTunnel(program.address);
  const masks = text(await client.message());
  for (const name of ["SigBlk", "SigIgn", "SigCgt"]) {
    const [, mask] = new RegExp(`^${name}:\\t([0-9a-f]+)$`, "m").exec(masks)!;
    assert.equal(BigInt(`0x${mask}`) >> 9n & 1n, 0n, `SIGUSR1 in ${name}`);
  }
});

Deno.test({
  name: "a debugger that SIGUSR1 opened while the program was being loaded ends the program",
  // An executable has none.
  ignore: startWords().length === 1,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const { stderr, code } = await startSlowly(folder, "USR1");
      // Where another program has the debugger's port, it can't be opened.
      if (/Failed to start inspector/.test(stderr)) return;
      assert.match(stderr, /^Debugger listening/m);
      assert.match(stderr, /SIGUSR1 has opened the runtime's debugger while this was being loaded/);
      assert.equal(code, 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Runs the program with a module before its own that takes long, and sends a signal when the runtime listens for SIGUSR1. */
async function startSlowly(folder: string, signal: string): Promise<Finished> {
  const preload = `${folder}/slow.js`;
  await Deno.writeTextFile(
    preload,
    `Deno.writeTextFileSync("${folder}/pid", String(Deno.pid));
     while (!Deno.readTextFileSync("${folder}/pid").endsWith("go")) {
       await new Promise((done) => setTimeout(done, 10));
     }`,
  );
  const [deno, run, ...rest] = startWords();
  const words: [string, ...string[]] = [deno, run!, `--preload=${preload}`, ...rest];
  const args = ["--server", "127.0.0.1:1", "--listen", "127.0.0.1:0"];
  const running = runProgram(args, words);
  const pid = await eventually(
    "its id",
    () => Deno.readTextFile(`${folder}/pid`).then(Number, () => 0),
  );
  await eventually("the runtime's listener", () => catchesUsr1(pid));
  await send(pid, signal);
  await Deno.writeTextFile(`${folder}/pid`, "go");
  return await running;
}

function catchesUsr1(pid: number): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const [, mask] = /^SigCgt:\t([0-9a-f]+)$/m.exec(status)!;
  return (BigInt(`0x${mask}`) >> 9n & 1n) === 1n;
}

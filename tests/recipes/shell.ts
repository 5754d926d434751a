/** A shell in a folder of its own, in which the recipes are run as a user pastes them. */
import assert from "node:assert/strict";
import { shellWord } from "../../lib/base/shell.ts";
import { accepts, notInstalled } from "../support/installed.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { readLines } from "../support/lines.ts";
import { startWords } from "../support/program.ts";
import { freePort } from "../support/backends.ts";

/** Debian's own programs, before any other of the name. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a script has started. */
export interface Running {
  /** Has all of it end, and waits until it has. What is left running at the test's end is killed. */
  stop(signal: Deno.Signal): Promise<void>;
}

export interface Shell extends AsyncDisposable {
  readonly folder: string;
  /** Where `wstunnel` listens: a free port in place of 8080. */
  readonly port: number;
  /** Starts what stays, and waits until all addresses can be connected to. */
  start(script: string, ...addresses: readonly string[]): Promise<Running>;
  /** Runs what ends, with text typed into it. */
  run(script: string, input?: string): Promise<Ran>;
}

/** Registers the test of a recipe, skipped where a program isn't installed. */
export function testRecipe(
  name: string,
  programs: readonly string[],
  body: (shell: Shell) => Promise<void>,
): void {
  const missing = notInstalled(programs);
  Deno.test({
    name: name + (missing === null ? "" : ` (skipped: ${missing})`),
    ignore: missing !== null,
    async fn() {
      await using shell = await openShell();
      await body(shell);
    },
  });
}

/** A folder with `wstunnel` on the PATH, started as the `start` task does. */
async function openShell(): Promise<Shell> {
  const folder = await Deno.makeTempDir({ prefix: "recipe-" });
  const port = freePort();
  await Deno.mkdir(`${folder}/bin`);
  const words = startWords().map((word) => word === "main.ts" ? MAIN : word);
  const command = `#!/bin/sh\nexec ${words.map(shellWord).join(" ")} "$@"\n`;
  await Deno.writeTextFile(`${folder}/bin/wstunnel`, command, { mode: 0o755 });
  const running: Running[] = [];
  const spawn = (script: string, stdin: "null" | "piped") =>
    new Deno.Command("/bin/bash", {
      args: ["-euc", script],
      cwd: folder,
      env: {
        PATH: `${folder}/bin:${PATH}`,
        WSTUNNEL_LISTEN: `127.0.0.1:${port}`,
      },
      stdin,
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that all that the script started ends with it.
      detached: true,
    }).spawn();
  return {
    folder,
    port,
    async start(script, ...addresses) {
      const started = await follow(spawn(script, "null"), script, addresses);
      running.push(started);
      return started;
    },
    async run(script, input = "") {
      const child = spawn(script, "piped");
      const type = async () => {
        const writer = child.stdin.getWriter();
        await writer.write(new TextEncoder().encode(input));
        await writer.close();
      };
      const ended = Promise.all([child.output(), type().catch(() => {})]);
      const [{ code, stdout, stderr }] = await inTime(
        script,
        ended,
        () => signalGroup(child.pid, "SIGKILL"),
      );
      signalGroup(child.pid, "SIGKILL");
      const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, stdout: out!, stderr: error! };
    },
    async [Symbol.asyncDispose]() {
      // What was started first is needed longest.
      for (const one of running.toReversed()) await one.stop("SIGKILL");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

async function follow(
  child: Deno.ChildProcess,
  script: string,
  addresses: readonly string[],
): Promise<Running> {
  const [output, errors] = [readLines(child.stdout), readLines(child.stderr)];
  let over = false;
  const gone = child.status.then(() => over = true);
  let stopped = false;
  const stop = async (signal: Deno.Signal) => {
    if (stopped) return;
    signalGroup(child.pid, signal);
    const all = Promise.all([gone, output.ended, errors.ended]);
    await inTime(`the end by ${signal} of ${script}`, all, () => signalGroup(child.pid, "SIGKILL"));
    stopped = true;
  };
  try {
    for (const address of addresses) {
      await eventually(address, async () => over || await accepts(address));
    }
    assert.ok(!over, "the script ended");
  } catch (error) {
    await stop("SIGKILL");
    const lines = [...output.all, ...errors.all].join("\n");
    throw new Error(`${(error as Error).message}:\n${script}\n${lines}`);
  }
  return { stop };
}

function signalGroup(leader: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

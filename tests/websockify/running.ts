/** `wstunnel websockify`, started as websockify is. */
import assert from "node:assert/strict";
import { eventually, inTime } from "../support/eventually.ts";
import { type Lines, readLines } from "../support/lines.ts";
import { startWords } from "../support/program.ts";
import { assertNoSecret } from "../support/secrets.ts";

export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** Where it can be connected to. */
  readonly address: string;
  /** Standard error. */
  readonly log: Lines;
  /** Ends it; gives the exit code. */
  end(): Promise<number>;
  /** The exit code, when it ends by itself. */
  exit(): Promise<number>;
}

export interface StartingOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Words of a program that starts it. */
  readonly before?: readonly string[];
  /** What it is called by, unless it is the program under test. */
  readonly words?: readonly string[];
}

/** The words that are behind `websockify`, with port 0 for a free one; paths in them are taken from `cwd`. */
export async function startWebsockify(
  args: readonly string[],
  cwd: string,
  { env = {}, before = [], words: own = absolute(startWords()) }: StartingOptions = {},
): Promise<Running> {
  const [program, ...words] = [...before, ...own] as [string, ...string[]];
  const child = new Deno.Command(program, {
    args: [...words, "websockify", ...args],
    cwd,
    // Whoever is killed leaves the file with the hash of a password.
    env: { TMPDIR: cwd, ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = readLines(child.stderr);
  let isOver = false;
  const gone = child.status.then(async ({ code }) => {
    isOver = true;
    await log.ended;
    return code;
  });
  const kill = () => {
    if (!isOver) child.kill("SIGKILL");
  };
  const stop = async () => {
    kill();
    await gone;
    assertNoSecret("what websockify prints", log.all.join("\n"));
  };
  const address = () =>
    log.all.flatMap((line) => /listening on (\S+)/.exec(line)?.[1] ?? [])[0]
      ?.replace("0.0.0.0", "127.0.0.1");
  try {
    await eventually("where it listens", () => address() !== undefined || isOver);
    assert.ok(address() !== undefined, "it ended at once");
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}:\n${log.all.join("\n")}`);
  }
  return {
    pid: child.pid,
    address: address()!,
    log,
    async end() {
      child.kill("SIGTERM");
      return await inTime("its end", gone, kill);
    },
    exit: () => inTime("its end by itself", gone, kill),
    [Symbol.asyncDispose]: stop,
  };
}

/** From another folder `main.ts` has to be named whole. */
function absolute([program, ...words]: readonly [string, ...string[]]): [string, ...string[]] {
  const root = new URL("../../", import.meta.url).pathname;
  return [program, ...words.map((word) => word === "main.ts" ? `${root}main.ts` : word)];
}

/** A script named `websockify` in a folder, as a distribution would link it. */
export async function writeWebsockify(folder: string): Promise<string> {
  const words = [...absolute(startWords()), "websockify"].map((word) => `'${word}'`).join(" ");
  const path = `${folder}/websockify`;
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return path;
}

/** The program with its log in files, and what stands there. */
import assert from "node:assert/strict";
import { connect } from "../support/connection.ts";
import { freePort } from "../support/backends.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { type Lines, readLines } from "../support/lines.ts";
import { type LogEntry, startWords } from "../support/program.ts";
import { assertNoSecret } from "../support/secrets.ts";

/** The words that start the program. */
export type Words = readonly [string, ...string[]];

/** The lines of files, in their order. */
export function linesOf(...paths: readonly string[]): string[] {
  return paths.flatMap((path) => Deno.readTextFileSync(path).trimEnd().split("\n"));
}

/** The entries of files with JSON; what is no JSON fails. */
export function entriesOf(...paths: readonly string[]): LogEntry[] {
  return linesOf(...paths).filter((line) => line !== "").map((line) => JSON.parse(line));
}

export function entriesOfMessage(message: string, ...paths: readonly string[]): LogEntry[] {
  return entriesOf(...paths).filter((entry) => entry.message === message);
}

/** Waits until a file holds so many entries of a message, and gives them. */
export async function entriesIn(path: string, message: string, count = 1): Promise<LogEntry[]> {
  let found: LogEntry[] = [];
  await eventually(`${count} of "${message}" in ${path}`, () => {
    try {
      found = entriesOfMessage(message, path);
    } catch {
      // It isn't there yet, or its last line is on its way.
    }
    return found.length >= count;
  });
  return found;
}

export interface Logged extends AsyncDisposable {
  readonly address: string;
  readonly pid: number;
  /** What stands on standard error. */
  readonly errors: Lines;
  signal(signal: Deno.Signal): void;
  /** The exit code. */
  exit(): Promise<number>;
}

/** Starts the program, with the log as JSON unless the flags say otherwise, and waits until it can be connected to. */
export async function startLogged(
  flags: readonly string[],
  [program, ...words]: Words = startWords(),
): Promise<Logged> {
  const address = `127.0.0.1:${freePort()}`;
  const child = new Deno.Command(program, {
    args: [...words, ...flags, "--listen", address],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = readLines(child.stderr);
  let over = false;
  const gone = child.status.then(async ({ code }) => {
    over = true;
    await errors.ended;
    return code;
  });
  const kill = () => {
    if (!over) child.kill("SIGKILL");
  };
  const accepts = () => connect(address).then((opened) => (opened.close(), true), () => false);
  try {
    await eventually("that it listens", async () => over || await accepts());
    assert.ok(!over, "the program ended at once");
  } catch (error) {
    kill();
    await gone;
    throw new Error(`${(error as Error).message}:\n${errors.all.join("\n")}`);
  }
  return {
    address,
    pid: child.pid,
    errors,
    signal: (signal) => child.kill(signal),
    exit: () => inTime("the program's exit", gone, kill),
    async [Symbol.asyncDispose]() {
      kill();
      await gone;
      assertNoSecret("standard error", errors.all.join("\n"));
    },
  };
}

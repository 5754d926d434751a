/** The program, started as a user starts it. */
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { DEADLINE_MS, eventually, inTime } from "./eventually.ts";
import { type Lines, readLines } from "./lines.ts";
import { flagsOverTls, OVER_TLS, overTls } from "./tls.ts";
import { assertNoSecret } from "./secrets.ts";

const ROOT = new URL("../../", import.meta.url);

/** An executable to test in place of the source, as a compiled one. */
const EXECUTABLE = Deno.env.get("WSTUNNEL_COMMAND");

/** The words that start the program: the `start` task's, so that its permissions are what is tested. */
export function startWords(): [program: string, ...args: string[]] {
  if (EXECUTABLE !== undefined) return [EXECUTABLE];
  const [deno, ...words] = manifest.tasks.start.command.split(" ")
    .filter((word) => !/^[A-Z_]+=/.test(word));
  assert.equal(deno, "deno");
  return [Deno.execPath(), ...words];
}

function command(
  args: readonly string[],
  [program, ...words]: readonly [string, ...string[]] = startWords(),
): Deno.Command {
  return new Deno.Command(program, {
    args: [...words, ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
  words: readonly [string, ...string[]] = startWords(),
): Promise<Finished> {
  const child = command(args, words).spawn();
  const output = child.output();
  const { code, stdout, stderr } = await inTime(
    `the end of wstunnel ${args.join(" ")}`,
    output,
    () => child.kill("SIGKILL"),
  );
  const decoder = new TextDecoder();
  const finished = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  assertNoSecret(`what wstunnel ${args[0]} prints`, finished.stdout + finished.stderr);
  return finished;
}

/** A line of the log, as JSON has it. */
export interface LogEntry extends Record<string, unknown> {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Where it listens, in order, as `host:port` or `unix:/path`; `tls:host:port` in the tests that run once more over TLS. */
  readonly addresses: readonly string[];
  /** The first of them. */
  readonly address: string;
  readonly log: Lines;
  /** Waits for the `nth` log entry, from 1, of a message; with the log as JSON. */
  entry(message: string, nth?: number): Promise<LogEntry>;
  /** All entries of a message that are there. */
  entries(message: string): LogEntry[];
  /** Resident memory in bytes. */
  residentBytes(): number;
  /** Sends a signal. */
  signal(signal: Deno.Signal): void;
  /** The exit code; fails past the deadline. */
  exit(deadlineMs?: number): Promise<number>;
}

export interface StartOptions {
  /** Where to listen; empty: the configuration file says so. @default any free port of 127.0.0.1 */
  readonly listen?: readonly string[];
  /** How many listeners to wait for. @default as many as `listen` has */
  readonly listeners?: number;
  /** @default "json" */
  readonly logFormat?: "text" | "json";
  /** What stands before the arguments. @default {@linkcode startWords} */
  readonly words?: readonly [string, ...string[]];
}

/**
 * Starts the program and waits until it listens. Disposing of it ends it at once, and fails if it had died before
 * or has told a secret ({@linkcode assertNoSecret}).
 */
export async function startProgram(
  args: readonly string[],
  options: StartOptions = {},
): Promise<Program> {
  const { listen = ["127.0.0.1:0"], logFormat = "json" } = options;
  const tls = listen.some((address) => !address.startsWith("unix:")) ? await flagsOverTls() : [];
  const listenArgs = [...listen.flatMap((address) => ["--listen", address]), ...tls];
  const child = command([...args, ...listenArgs, "--log-format", logFormat], options.words).spawn();
  const log = readLines(child.stderr);
  const output = readLines(child.stdout);
  let status: Deno.CommandStatus | null = null;
  const exited = child.status.then((value) => status = value);
  const kill = () => {
    if (status === null) child.kill("SIGKILL");
  };
  const gone = async () => {
    await Promise.all([exited, log.ended, output.ended]);
  };
  const entries = (message: string) =>
    log.all.filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogEntry)
      .filter((entry) => entry.message === message);
  const addresses = () => log.all.flatMap(addressIn);

  const count = options.listeners ?? listen.length;
  try {
    await eventually("its listeners", () => addresses().length >= count || status !== null);
    // One that is to end soon may have done so already.
    assert.ok(addresses().length >= count, "the program ended at once");
  } catch (error) {
    kill();
    await gone();
    throw new Error(`${(error as Error).message}:\n${log.all.join("\n")}`);
  }
  let ending = false;
  return {
    pid: child.pid,
    addresses: addresses(),
    address: addresses()[0]!,
    log,
    entries,
    async entry(message, nth = 1) {
      await eventually(
        `entry ${nth} "${message}" in\n${log.all.join("\n")}`,
        () => entries(message).length >= nth,
      );
      return entries(message)[nth - 1]!;
    },
    residentBytes: () => residentBytes(child.pid),
    signal(signal) {
      ending = true;
      child.kill(signal);
    },
    async exit(deadlineMs = DEADLINE_MS) {
      ending = true;
      await inTime("the program's exit", gone(), kill, deadlineMs);
      return status!.code;
    },
    async [Symbol.asyncDispose]() {
      const died = status !== null && !ending;
      kill();
      await gone();
      if (died) throw new Error(`the program ended by itself:\n${log.all.join("\n")}`);
      assertNoSecret("the log", [...log.all, ...output.all].join("\n"));
    },
  };
}

/** Where a line of the log says that it listens; over TLS where the tests run so, as `connect()` takes it. */
function addressIn(line: string): string[] {
  const [, address] = /listening on ([^\s"]+)/.exec(line) ?? [];
  if (address === undefined) return [];
  return [OVER_TLS && /\btls"?[=:]true\b/.test(line) ? overTls(address) : address];
}

/** Resident memory of a process in bytes (proc(5)). */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  assert.ok(kilobytes, "no VmRSS");
  return Number(kilobytes[1]) * 1024;
}

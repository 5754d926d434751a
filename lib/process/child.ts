/**
 * A program we have started, in a process group of its own, its output told of line by line.
 *
 * @module
 */
import { type Shortage, shortageOf } from "../base/exhaustion.ts";
import { within } from "../base/within.ts";
import type { ProgramIdentity } from "../events/event.ts";
import type { Events } from "../events/events.ts";
import type { Guard } from "./guard.ts";
import { readLines } from "./lines.ts";
import { spawnGiven } from "./given.ts";
import { createOutput } from "./output.ts";
import { spawnOwn } from "./reap.ts";
import { asLeader, inOwnSession } from "./session.ts";
import { stopGroup, stopLeader } from "./stop.ts";

/** How long the output of a program that has ended may be held open by one that escaped its group, and may wait for its names. */
const OUTPUT_GRACE_MS = 500;

/** How long a program's end is not told of, so that its last lines come first: they say why. */
export const LAST_LINES_MS = 1_000;

/**
 * What a program has as its input and output. Its standard error is told of line by line, and so is its output where that isn't named.
 *
 * - `none`: no input
 * - `inherited`: a listening socket stands in for our descriptor 0
 * - `piped`: for the caller, who reads the output to its end or cancels it
 * - `listener`: a descriptor of ours that the program accepts at
 * - `socket`: a descriptor of ours as input and output
 */
export type ChildIo =
  | "none"
  | "inherited"
  | "piped"
  | { readonly listener: number }
  | { readonly socket: number };

export interface ChildOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** All of it: nothing of ours is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** The backend that it is, by its name. */
  readonly name: string;
  /** Whose it is, of one that is started for a tunnel; asked for with each line. */
  readonly names?: () => Pick<ProgramIdentity, "route" | "tunnel">;
  /** Resolves once `names` knows them: what the program prints before waits in its pipe. @default at once */
  readonly named?: Promise<void>;
  readonly killSignal: Deno.Signal;
  /** Whether what it has started is left alone when it ends by itself. @default {false} */
  readonly leavesGroup?: boolean;
  readonly io: ChildIo;
  readonly events: Events;
  readonly guard: Guard;
}

export interface Child {
  readonly process: { readonly pid: number };
  /** Its input and output; null unless `piped`. */
  readonly pipes: Pipes | null;
  /** From here on it ends with us, however we end. */
  readonly guarded: Promise<void>;
  /** The program itself has ended. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** Its group is gone too and its last lines have been told. */
  readonly ended: Promise<void>;
  /** Which it is. */
  readonly names: ProgramIdentity;
  /** The last lines of its output, oldest first. */
  readonly tail: readonly string[];
  /** Whether we have asked it to end. */
  readonly stopping: boolean;
  /** Ends it and its group, with stronger signals every {@linkcode STOP_STEP_MS}; resolves with `ended`. */
  stop(): Promise<void>;
}

/** What the runtime, or we ourselves, know of one that was started. */
interface Started {
  readonly pid: number;
  readonly status: Promise<Deno.CommandStatus>;
  readonly pipes: Pipes | null;
  /** To be told of line by line. */
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
}

type Pipes = Pick<Deno.ChildProcess, "stdin" | "stdout">;

/** `shortage`: of ours, which says nothing of the program. */
export type SpawnResult =
  | { readonly ok: true; readonly child: Child }
  | { readonly ok: false; readonly reason: string; readonly shortage?: Shortage | null };

export function spawnChild(options: ChildOptions): SpawnResult {
  const { command: [program = ""], events, name, guard } = options;
  let process: Started;
  try {
    process = start(options);
  } catch (error) {
    const reason = `can't start ${program}: ${whyNot(error, program)}`;
    return { ok: false, reason, shortage: shortageOf(error) };
  }
  const { pid } = process;
  const guarded = guard.watch(pid);
  const names = () => ({ program: name, pid, ...options.names?.() });
  events.emit({ kind: "process-started", ...names() });
  const output = createOutput(events, names);
  const begin = Promise.withResolvers<void>();
  const named = options.named ?? Promise.resolve();
  named.then(begin.resolve);
  const readers = [readLines(process.stderr, output.sink("stderr"), begin.promise)];
  if (process.stdout !== null) readers.push(readLines(process.stdout, output.sink("stdout")));

  const exited = process.status;
  let running = true;
  const end = async () => {
    const exit = await exited;
    running = false;
    const asked = stopping !== null;
    events.emit({ kind: "process-ended", ...names(), exit, asked });
    if (asked || !options.leavesGroup) await stopGroup(pid);
    guard.forget(pid);
    await within(named, OUTPUT_GRACE_MS);
    begin.resolve();
    await within(Promise.all(readers.map(({ done }) => done)), OUTPUT_GRACE_MS);
    await Promise.all(readers.map((reader) => reader.cancel()));
    output.end();
  };
  let stopping: Promise<void> | null = null;
  const ended = end();
  const stopOnce = async () => {
    // The id of one that has ended may be another's by now.
    if (running) await stopLeader(pid, options.killSignal, exited);
    await ended;
  };
  const stop = () => stopping ??= stopOnce();
  const child = {
    process,
    pipes: process.pipes,
    guarded,
    exited,
    ended,
    get names() {
      return names();
    },
    tail: output.tail,
    get stopping() {
      return stopping !== null;
    },
    stop,
  };
  return { ok: true, child };
}

/** Throws what keeps the program from starting. */
function start({ command: [program = "", ...args], environment, io }: ChildOptions): Started {
  const path = environment["PATH"];
  if (typeof io === "object") {
    const words = asLeader(program, args, path);
    const [stdin, stdout] = "socket" in io
      ? [io.socket, io.socket]
      : [io.listener, "piped"] as const;
    return { ...spawnGiven({ file: words[0], words, environment }, stdin, stdout), pipes: null };
  }
  const { detached, ...own } = inOwnSession(program, args, path);
  const process = spawnOwn(own.program, {
    args: [...own.args],
    env: environment,
    clearEnv: true,
    detached,
    stdin: STDIN[io],
    stdout: "piped",
    stderr: "piped",
  });
  const { pid, status, stderr } = process;
  return io === "piped"
    ? { pid, status, stderr, stdout: null, pipes: process }
    : { pid, status, stderr, stdout: process.stdout, pipes: null };
}

const STDIN = { none: "null", inherited: "inherit", piped: "piped" } as const;

/** The runtime's "entity not found" means a name that the program's PATH doesn't lead to. */
function whyNot(error: unknown, program: string): string {
  if (error instanceof Deno.errors.NotFound && !/[/\\]/.test(program)) {
    return "there is no such program on its PATH";
  }
  return error instanceof Error ? error.message : String(error);
}

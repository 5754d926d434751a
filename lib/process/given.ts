/**
 * Starting a program that is given descriptors of ours, and waiting for its end, of which the runtime knows nothing.
 *
 * @module
 */
import process from "node:process";
import { closeDescriptor, type Given, openPipe } from "../sys/descriptors.ts";
import { type Libc, sharedLibc } from "../sys/libc.ts";
import { posixSpawn, type SpawnRequest } from "../sys/spawn.ts";
import { claim } from "./reap.ts";

// Of <sys/wait.h>.
const WNOHANG = 1;

export interface GivenChild {
  readonly pid: number;
  readonly status: Promise<Deno.CommandStatus>;
  /** Null when it was given a descriptor. */
  readonly stdout: Output | null;
  readonly stderr: Output;
}

type Output = ReadableStream<Uint8Array<ArrayBuffer>>;

/** For the runtime a listener for a signal is no reason to go on running, a timer is. */
const LOOK_MS = 5_000;

/** Those that have not been waited for yet. */
const running = new Map<number, (status: Deno.CommandStatus) => void>();

let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Starts a program in a session of its own with a descriptor as its input, and as its output one or a pipe. Ours stay open. Throws what
 * keeps it from starting.
 */
export function spawnGiven(
  request: Omit<SpawnRequest, "descriptors">,
  stdin: number,
  stdout: number | "piped",
): GivenChild {
  const pipes: Given<Output>[] = [];
  const open = () => {
    const pipe = openPipe();
    pipes.push(pipe);
    return pipe;
  };
  try {
    const output = stdout === "piped" ? open() : { descriptor: stdout, end: null };
    const errors = open();
    const descriptors = [stdin, output.descriptor, errors.descriptor];
    const started = start({ ...request, descriptors });
    return { ...started, stdout: output.end, stderr: errors.end };
  } catch (error) {
    for (const { end } of pipes) void end.cancel();
    throw error;
  } finally {
    for (const { descriptor } of pipes) closeDescriptor(descriptor);
  }
}

/** Who is told of ends before it starts misses none, however soon. */
function start(request: SpawnRequest): Pick<GivenChild, "pid" | "status"> {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  if (running.size === 0) listen();
  try {
    const pid = posixSpawn(sharedLibc.libc, request);
    const { promise: status, resolve } = Promise.withResolvers<Deno.CommandStatus>();
    running.set(pid, resolve);
    claim(pid, status);
    return { pid, status };
  } finally {
    if (running.size === 0) stopListening();
  }
}

function listen(): void {
  Deno.addSignalListener("SIGCHLD", sweep);
  timer = setInterval(sweep, LOOK_MS);
}

function stopListening(): void {
  Deno.removeSignalListener("SIGCHLD", sweep);
  clearInterval(timer);
}

/** One signal may stand for several that have ended, or for none of ours. */
function sweep(): void {
  if (!sharedLibc.ok) return;
  for (const [pid, resolve] of running) {
    const status = waitFor(sharedLibc.libc, pid);
    if (status === null) continue;
    running.delete(pid);
    resolve(status);
  }
  if (running.size === 0) stopListening();
}

/** Null while it runs. */
function waitFor({ symbols }: Libc, pid: number): Deno.CommandStatus | null {
  const status = new Int32Array(1);
  return symbols.waitpid(pid, status, WNOHANG) === pid ? decodeStatus(status[0]!) : null;
}

/** What wait(2) gives, in the runtime's words. */
export function decodeStatus(status: number): Deno.CommandStatus {
  const signal = status & 0x7f;
  if (signal === 0) {
    const code = (status >> 8) & 0xff;
    return { success: code === 0, code, signal: null };
  }
  const { signals } = process.getBuiltinModule("node:os").constants;
  const name = Object.entries(signals).find(([, number]) => number === signal)?.[0];
  return { success: false, code: 128 + signal, signal: (name ?? `${signal}`) as Deno.Signal };
}

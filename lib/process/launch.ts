/**
 * Starting a program at an address, and waiting until it listens there.
 *
 * @module
 */
import { LATE_MS } from "../base/deadline.ts";
import { within } from "../base/within.ts";
import type { Address } from "../base/address.ts";
import { describeExit } from "../base/exit.ts";
import type { OnExit, SocketHandover } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import { canGiveDescriptors } from "../sys/descriptors.ts";
import { type Child, type ChildIo, spawnChild, type SpawnResult } from "./child.ts";
import type { Guard } from "./guard.ts";
import { listenFdsCommand, openListeningSocket } from "./listening_socket.ts";

/** A program and where it is to listen. */
export interface LaunchOptions {
  /** The address, as it is told of. */
  readonly name: string;
  readonly address: Address;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly killSignal: Deno.Signal;
  /** What follows when it has ended by itself. */
  readonly onExit: OnExit;
  readonly handover: SocketHandover;
  readonly listenBacklog: number;
  /** How long it may take to accept a connection. */
  readonly startTimeoutMs: number;
  readonly probe: (timeoutMs: number, signal: AbortSignal) => Promise<Probe>;
  readonly events: Events;
  readonly guard: Guard;
}

/** What a connect to the program's address says. */
export type Probe =
  | { readonly kind: "open" }
  | { readonly kind: "closed" | "silent" | "error"; readonly reason: string };

/** Pauses between two looks at whether a program accepts connections already. */
const FIRST_LOOK_MS = 5;
const MAX_LOOK_MS = 100;

/** The kernel accepts for a socket handed over: the program counts as up when it has lived for so long. */
const HANDOVER_SETTLE_MS = 50;

/** Starts the program at its address, from which a stale socket's file is taken away first. */
export function launch(options: LaunchOptions): SpawnResult {
  const problem = removeStaleSocket(options.address);
  if (problem !== null) return { ok: false, reason: problem };
  const { name, command, environment, killSignal, events, guard, handover, onExit } = options;
  const leavesGroup = onExit === "ignore";
  const child = { name, environment, killSignal, leavesGroup, events, guard };
  if (handover === "none") return spawnChild({ ...child, command, io: "none" });
  const opened = openListeningSocket(options.address, options.listenBacklog);
  if (!opened.ok) return opened;
  const { socket } = opened;
  const spawn = (io: ChildIo) =>
    spawnChild({
      ...child,
      command: handover === "listen-fds" ? listenFdsCommand(command) : command,
      io,
    });
  try {
    return canGiveDescriptors
      ? spawn({ listener: socket.descriptor })
      : socket.asDescriptorZero(() => spawn("inherited"));
  } finally {
    socket.close();
  }
}

/** A program can't bind to a socket file that is there already; nothing listens on it any more. */
function removeStaleSocket(address: Address): string | null {
  if (address.transport !== "unix" || address.path.startsWith("\0")) return null;
  try {
    if (!Deno.lstatSync(address.path).isSocket) return `${address.path} is there and is no socket`;
    Deno.removeSync(address.path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    return `can't remove a stale socket: ${(error as Error).message}`;
  }
  return null;
}

/** Waits until the program accepts a connection; gives why it doesn't, null when it does. */
export async function acceptance(
  child: Child,
  { name, startTimeoutMs, probe, handover }: LaunchOptions,
  signal: AbortSignal,
): Promise<string | null> {
  let deadline = performance.now() + startTimeoutMs;
  let problem: string | null = null;
  const exited = child.exited.then((status) => {
    problem = `the program ended with ${describeExit(status)} before it accepted a connection`;
  });
  const stopped = new Promise<void>((done) => {
    signal.addEventListener("abort", () => done(), { once: true });
  });
  for (let pauseMs = FIRST_LOOK_MS;; pauseMs = Math.min(pauseMs * 2, MAX_LOOK_MS)) {
    const waitMs = handover === "none" ? pauseMs : HANDOVER_SETTLE_MS;
    const before = performance.now();
    await within(Promise.race([exited, stopped]), waitMs);
    // Held up we saw nothing, and the program may have been stopped with us.
    deadline += Math.max(performance.now() - before - waitMs - LATE_MS, 0);
    if (problem !== null) return problem;
    if (signal.aborted) return "stopped";
    const seen = await probe(Math.max(deadline - performance.now(), MAX_LOOK_MS), signal);
    if (problem !== null) return problem;
    if (seen.kind === "open") return null;
    if (performance.now() >= deadline) {
      return `the program did not accept a connection at ${name} within ${startTimeoutMs / 1000} s`;
    }
  }
}

/** Waits until somebody listens at an address where a program has ended that may go on in the background; false: nobody does. */
export async function othersAcceptance(
  { startTimeoutMs, probe }: Pick<LaunchOptions, "startTimeoutMs" | "probe">,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + startTimeoutMs;
  for (let pauseMs = FIRST_LOOK_MS;; pauseMs = Math.min(pauseMs * 2, MAX_LOOK_MS)) {
    const seen = await probe(Math.max(deadline - performance.now(), MAX_LOOK_MS), signal);
    if (seen.kind === "open") return true;
    if (signal.aborted || performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

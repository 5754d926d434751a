/**
 * One process of a host whose program we start: its address and load, and who keeps it running.
 *
 * Proc N, from 0, listens on port + N, or on the socket's path with `-N` behind it; with `max-procs` 1 on the path as it
 * is. The program is told in its arguments (`{socket}`, `{host}`, `{port}`, `{id}`) and its environment (WSTUNNEL_SOCKET or
 * WSTUNNEL_HOST and WSTUNNEL_PORT, and WSTUNNEL_ID).
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { HostConfig, ProgramConfig } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import { childEnvironment, fillPlaceholders } from "../process/environment.ts";
import type { Guard } from "../process/guard.ts";
import type { Probe } from "../process/launch.ts";
import { type ProcState, Supervisor } from "../process/supervisor.ts";
import {
  type AddressState,
  createAddressState,
  disabledUntilUnixMs,
  isDisabled,
  markUp,
  type Standing,
  standingOf,
} from "./address.ts";
import { dial } from "./dial.ts";
import type { HostReport } from "./host.ts";

export interface Proc {
  readonly at: AddressState;
  readonly supervisor: Supervisor;
  /** Runs while it is unused. */
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

export interface ProcOptions {
  readonly config: HostConfig;
  /** The host's address. */
  readonly address: Address;
  readonly program: ProgramConfig;
  /** Whether the host wants one more process than run. */
  readonly wanted: () => boolean;
  readonly onUp: (proc: Proc) => void;
  readonly events: Events;
  readonly guard: Guard;
}

export function createProc(id: number, options: ProcOptions): Proc {
  const { config, program, wanted, onUp, events, guard } = options;
  const at = createAddressState(procAddress(options.address, id, program.maxProcs));
  const supervisor = new Supervisor({
    ...program,
    ...toldTo(program, at.address, id),
    name: at.name,
    address: at.address,
    startTimeoutMs: config.connectTimeoutMs,
    probe: (timeoutMs, signal) => probe(at.address, timeoutMs, signal),
    load: () => at.load,
    wanted,
    onUp: () => {
      markUp(at);
      at.problem = "";
      onUp(proc);
    },
    onFailure: (reason) => {
      at.failures++;
      at.failed = true;
      at.problem = reason;
    },
    events,
    guard,
  });
  const proc: Proc = { at, supervisor, idleTimer: undefined };
  return proc;
}

/** Where proc `id` listens. */
export function procAddress(address: Address, id: number, maxProcs: number): Address {
  if (address.transport === "tcp") return { ...address, port: address.port + id };
  return maxProcs === 1 ? address : { ...address, path: `${address.path}-${id}` };
}

/** How many procs there may be: no more than there are ports. */
export function procCount(address: Address, { maxProcs }: ProgramConfig): number {
  return address.transport === "tcp" ? Math.min(maxProcs, 65536 - address.port) : maxProcs;
}

/** What proc `id` is told of its address. */
function toldTo(
  { command, environment, copyEnvironment }: ProgramConfig,
  address: Address,
  id: number,
) {
  const values: Record<string, string> = address.transport === "unix"
    ? { socket: address.path.replace("\0", "@"), id: String(id) }
    : { host: address.hostname, port: String(address.port), id: String(id) };
  const variables = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`WSTUNNEL_${name.toUpperCase()}`, value]),
  );
  return {
    command: command.map((part) => fillPlaceholders(part, values)),
    environment: childEnvironment(Deno.env.toObject(), copyEnvironment, environment, variables),
  };
}

async function probe(address: Address, timeoutMs: number, signal: AbortSignal): Promise<Probe> {
  const dialled = await dial(address, timeoutMs, signal);
  if (dialled.ok) {
    dialled.connection.close();
    return { kind: "open" };
  }
  const { kind, reason } = dialled;
  if (kind === "timeout") return { kind: "silent", reason };
  return { kind: kind === "closed" ? "closed" : "error", reason };
}

/** Whether it starts after a failure: its program may hang until its time is over. */
export function isRestarting({ at, supervisor }: Proc): boolean {
  return at.failed && supervisor.state === "starting";
}

export function standingOfProc(proc: Proc): Standing {
  const standing = standingOf(proc.at);
  return standing === "ready" && isRestarting(proc) ? "doubtful" : standing;
}

/** Its row of the table. */
export function reportProc(proc: Proc): HostReport {
  const { at, supervisor: { pid, retryAt } } = proc;
  const disabledUntil = Math.max(at.disabledUntil, retryAt);
  return {
    backend: at.name,
    state: shownState(proc),
    load: at.load,
    pid,
    tunnelsServed: at.tunnelsServed,
    failures: at.failures,
    disabledUntil: disabledUntilUnixMs({ disabledUntil }),
  };
}

/** What is known of connects to it only counts while its program runs. */
function shownState(proc: Proc): string {
  const { at, supervisor: { state } } = proc;
  if (isDisabled(at) && state !== "stopped") return "disabled";
  return at.failed && isUp(proc) ? "failed" : state;
}

/** Tells whether a proc is in one of `states`. */
export function inState(...states: readonly ProcState[]): (proc: Proc) => boolean {
  return ({ supervisor }) => states.includes(supervisor.state);
}

export const isUp = inState("up", "foreign");
export const isActive = inState("up", "foreign", "starting");

export function totalLoad(procs: readonly Proc[]): number {
  return procs.reduce((sum, { at }) => sum + at.load, 0);
}

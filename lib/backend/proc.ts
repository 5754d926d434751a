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
import { type LaunchSettings, type ProcState, Supervisor } from "../process/supervisor.ts";
import { createSocketDiag } from "../sys/socket_diag.ts";
import {
  type AddressState,
  createAddressState,
  disabledUntilUnixMs,
  isDisabled,
  leaseAddress,
  type LeaseOptions,
  type LeaseResult,
  markUp,
  type Standing,
  standingOf,
} from "./address.ts";
import type { ConnectRequest } from "./backend.ts";
import { Claims } from "./claims.ts";
import { dial } from "./dial.ts";
import type { HostReport } from "./host.ts";

/** A host that a proc is one of. */
export interface Keeper {
  readonly idleTimeoutMs: number;
  /** It wants one more process than run. */
  readonly wantsMore: boolean;
  /** It has one more than it keeps. */
  readonly canSpare: boolean;
  /** One of its procs is up. */
  onUp(): void;
}

export interface ProcOptions {
  readonly events: Events;
  readonly guard: Guard;
  /** Tunnels to its address that it does not know of. */
  readonly otherLoad: () => number;
}

/** It outlives the hosts that name it: what nobody names any more is stopped once nobody uses it. */
export class Proc {
  readonly at: AddressState;
  readonly supervisor: Supervisor;
  readonly #options: ProcOptions;
  readonly #claims = new Claims<Keeper>();
  /** Requests that wait for its program. */
  #waiting = 0;
  /** Runs while it is unused. */
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #ending = false;
  /** One for all its tunnels. */
  readonly #leaseOptions: LeaseOptions;

  constructor(address: Address, settings: LaunchSettings, options: ProcOptions) {
    const { events, guard } = options;
    this.#options = options;
    this.at = createAddressState(address);
    this.#leaseOptions = { emit: events.emit, onRelease: () => this.settle() };
    const { at } = this;
    this.supervisor = new Supervisor({
      ...settings,
      name: at.name,
      address,
      probe: (timeoutMs, signal) => probe(address, timeoutMs, signal),
      load: () => at.load,
      busy: () => this.#busy,
      wanted: () => this.#claims.owners.some(({ wantsMore }) => wantsMore),
      onUp: () => {
        markUp(at);
        at.problem = "";
        this.settle();
        for (const owner of this.#claims.owners) owner.onUp();
      },
      onFailure: (reason) => {
        at.failures++;
        at.failed = true;
        at.problem = reason;
      },
      events,
      guard,
    });
  }

  /** Whether any host names it. */
  get isKept(): boolean {
    return this.#claims.size > 0;
  }

  belongsTo(keeper: Keeper): boolean {
    return this.#claims.isOwner(keeper);
  }

  /** Whether the program that listens, or is about to, is none of this host's. */
  isAnothers(keeper: Keeper): boolean {
    const { state, outdated, launched } = this.supervisor;
    const listens = state === "up" || state === "starting";
    return listens && outdated && !this.#claims.knows(keeper, launched);
  }

  /** Nobody names it or uses it, and nothing of it is left. */
  get isGone(): boolean {
    const { state, pid } = this.supervisor;
    const rests = state === "stopped" || state === "foreign";
    return rests && pid === null && !this.#busy && !this.isKept;
  }

  get #busy(): boolean {
    return this.at.load > 0 || this.#waiting > 0 || this.#options.otherLoad() > 0;
  }

  /** A host names it as its `id`, and says how its program runs. */
  keep(keeper: Keeper, id: number, settings: LaunchSettings): void {
    this.#claims.set(keeper, id, settings, this.supervisor.launched);
    this.#claimed();
  }

  /** A host names it no more. */
  leave(keeper: Keeper): void {
    this.#claims.delete(keeper);
    this.#claimed();
  }

  #claimed(): void {
    const { settings } = this.#claims;
    if (settings !== null) this.supervisor.configure(settings);
    this.settle();
  }

  /** Starts the program if it doesn't run, and connects to it. */
  async lease(
    request: ConnectRequest,
    config: HostConfig,
    onConnecting: () => void,
  ): Promise<LeaseResult> {
    const { at, supervisor } = this;
    this.#waiting++;
    const problem = await unlessAborted(supervisor.start(), request.signal);
    this.#waiting--;
    if (problem !== null) {
      this.settle();
      return problem === "aborted"
        ? { ok: false, kind: "aborted", reason: "aborted" }
        : { ok: false, kind: "down", reason: problem };
    }
    clearTimeout(this.#idleTimer);
    const leasing = leaseAddress(at, config, request, this.#leaseOptions);
    onConnecting();
    const result = await leasing;
    if (!result.ok && result.kind === "down") supervisor.unreachable();
    return result;
  }

  /** Looks at what is to be done once nobody uses it. */
  settle(): void {
    if (this.at.load > 0) return;
    const { supervisor } = this;
    supervisor.unused();
    clearTimeout(this.#idleTimer);
    if (this.#ending || this.#busy || supervisor.state !== "up") return;
    if (!this.isKept) return this.#stop("program-let-go");
    const idleMs = Math.max(...this.#claims.owners.map(({ idleTimeoutMs }) => idleTimeoutMs));
    this.#idleTimer = setTimeout(() => this.#stopSurplus(), idleMs);
  }

  #stopSurplus(): void {
    if (this.supervisor.state !== "up" || this.#busy) return;
    if (!this.#claims.owners.every(({ canSpare }) => canSpare)) return;
    this.#stop("program-surplus");
  }

  #stop(kind: "program-surplus" | "program-let-go"): void {
    this.#options.events.emit({ kind, program: this.at.name });
    void this.supervisor.stop();
  }

  /** Stops it for good. */
  async end(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#idleTimer);
    await this.supervisor.end();
  }
}

/** A start goes on for those who still wait for it. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | "aborted"> {
  if (signal.aborted) return "aborted";
  const { promise: aborted, resolve } = Promise.withResolvers<"aborted">();
  const abort = () => resolve("aborted");
  signal.addEventListener("abort", abort);
  const result = await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", abort);
  return result;
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

/** How the program of proc `id` runs, which is told of its address. */
export function launchSettings(
  { connectTimeoutMs }: HostConfig,
  program: ProgramConfig,
  address: Address,
  id: number,
): LaunchSettings {
  const { killSignal, onExit, handover, listenBacklog } = program;
  const told = toldTo(program, address, id);
  return { ...told, killSignal, onExit, handover, listenBacklog, startTimeoutMs: connectTimeoutMs };
}

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

/** The system is asked where it can be: a program that takes one connection and ends would take ours for it. */
async function probe(address: Address, timeoutMs: number, signal: AbortSignal): Promise<Probe> {
  const listens = listensHere(address);
  if (listens === true) return { kind: "open" };
  if (listens === false) return { kind: "closed", reason: "nothing listens there" };
  const dialled = await dial(address, { timeoutMs, signal });
  if (dialled.ok) {
    dialled.connection.close();
    return { kind: "open" };
  }
  const { kind, reason } = dialled;
  if (kind === "timeout") return { kind: "silent", reason };
  return { kind: kind === "closed" ? "closed" : "error", reason };
}

/** Null where only a connection tells. */
function listensHere(address: Address): boolean | null {
  if (address.transport !== "tcp" || !/^(?:127\.[0-9.]+|::1)$/.test(address.hostname)) return null;
  const diag = createSocketDiag();
  const listens = diag.listensAt(address);
  diag.close();
  return listens;
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

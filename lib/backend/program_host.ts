/**
 * A host whose program we start: as many processes as its load asks for, each at an address of its own.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import type { HostConfig, ProgramConfig } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import type { Guard } from "../process/guard.ts";
import { leaseAddress, type LeaseResult, type Standing } from "./address.ts";
import type { ConnectRequest } from "./backend.ts";
import type { Host, HostReport } from "./host.ts";
import { leastLoaded } from "./policies.ts";
import {
  createProc,
  inState,
  isActive,
  isRestarting,
  isUp,
  type Proc,
  procCount,
  reportProc,
  standingOfProc,
  totalLoad,
} from "./proc.ts";

export class ProgramHost implements Host {
  readonly name: string;
  readonly #config: HostConfig;
  readonly #program: ProgramConfig;
  readonly #events: Events;
  readonly #procs: readonly Proc[];
  /** Requests that wait for a program to start. */
  #waiting = 0;
  #stopping = false;

  constructor(
    config: HostConfig,
    address: Address,
    program: ProgramConfig,
    events: Events,
    guard: Guard,
  ) {
    this.name = formatAddress(address);
    this.#config = config;
    this.#program = program;
    this.#events = events;
    const options = {
      config,
      address,
      program,
      wanted: () => !this.#stopping && this.#activeCount() < program.minProcs,
      onUp: (proc: Proc) => {
        this.#whenUnused(proc);
        this.#scale();
      },
      events,
      guard,
    };
    const length = procCount(address, program);
    this.#procs = Array.from({ length }, (_, id) => createProc(id, options));
  }

  get load(): number {
    return totalLoad(this.#procs) + this.#waiting;
  }

  get standing(): Standing {
    const proc = this.#candidate(this.#procs);
    return proc === null ? "down" : standingOfProc(proc);
  }

  get problem(): string {
    const problems = this.#procs.map(({ at, supervisor }) => at.problem || supervisor.reason);
    return problems.find((problem) => problem !== "") ?? "";
  }

  async start(): Promise<void> {
    const kept = this.#procs.slice(0, this.#program.minProcs);
    await Promise.all(kept.map(({ supervisor }) => supervisor.start()));
  }

  /** Each proc that may serve is tried at most once. */
  async connect(request: ConnectRequest): Promise<LeaseResult> {
    let untried = this.#procs;
    let failure: LeaseResult = { ok: false, kind: "down", reason: "its program is down" };
    for (let proc = this.#candidate(untried); proc !== null; proc = this.#candidate(untried)) {
      const tried: Proc = proc;
      untried = untried.filter((other) => other !== tried);
      const result = await this.#leaseFrom(tried, request);
      if (result.ok || result.kind === "aborted") return result;
      failure = result;
    }
    return failure;
  }

  report(): HostReport[] {
    return this.#procs.map(reportProc);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { idleTimer } of this.#procs) clearTimeout(idleTimer);
    await Promise.all(this.#procs.map(({ supervisor }) => supervisor.end()));
  }

  #candidate(untried: readonly Proc[]): Proc | null {
    const inStanding = (standing: Standing) =>
      this.#best(untried.filter((proc) => standingOfProc(proc) === standing));
    return inStanding("ready") ?? inStanding("doubtful");
  }

  /** The least loaded that is up, else one that soon will be, else one to be started. */
  #best(usable: readonly Proc[]): Proc | null {
    const load = (proc: Proc) => ({ proc, load: proc.at.load });
    return leastLoaded(usable.filter(isUp).map(load))?.proc ??
      leastLoaded(usable.filter(inState("starting")).map(load))?.proc ??
      (this.#mayStart() ? toStart(usable) : null);
  }

  /** A program that fails at one address is not tried at all the others. */
  #mayStart(): boolean {
    return !this.#stopping && !this.#procs.some(inState("backoff")) &&
      !this.#procs.some(isRestarting);
  }

  /** Starts the proc if it doesn't run, and connects to it. */
  async #leaseFrom(proc: Proc, request: ConnectRequest): Promise<LeaseResult> {
    const { at, supervisor } = proc;
    this.#waiting++;
    const problem = await unlessAborted(supervisor.start(), request.signal);
    this.#waiting--;
    if (problem === "aborted") return { ok: false, kind: "aborted", reason: "aborted" };
    if (problem !== null) return { ok: false, kind: "down", reason: problem };
    clearTimeout(proc.idleTimer);
    const leasing = leaseAddress(at, this.#config, request, () => this.#whenUnused(proc));
    this.#scale();
    const result = await leasing;
    if (!result.ok && result.kind === "down") supervisor.unreachable();
    return result;
  }

  #whenUnused(proc: Proc): void {
    if (proc.at.load > 0) return;
    proc.supervisor.unused();
    clearTimeout(proc.idleTimer);
    if (this.#stopping) return;
    proc.idleTimer = setTimeout(() => this.#stopSurplus(proc), this.#program.idleTimeoutMs);
  }

  #stopSurplus({ at, supervisor }: Proc): void {
    if (supervisor.state !== "up" || this.#activeCount() <= this.#program.minProcs) return;
    this.#events.emit({ kind: "program-surplus", program: at.name });
    void supervisor.stop();
  }

  /** One more when the mean load is too high; when that is up the next, if it still is. */
  #scale(): void {
    if (!this.#mayStart() || this.#procs.some(inState("starting"))) return;
    const up = this.#procs.filter(isUp);
    const spare = this.#procs.find(inState("stopped"));
    if (spare !== undefined && totalLoad(up) > up.length * this.#program.maxLoadPerProc) {
      void spare.supervisor.start();
    }
  }

  #activeCount(): number {
    return this.#procs.filter(isActive).length;
  }
}

/** A proc that can be started at once before one that has to end first. */
function toStart(procs: readonly Proc[]): Proc | null {
  return procs.find(inState("stopped")) ?? procs.find(inState("stopping", "dead")) ?? null;
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

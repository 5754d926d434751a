/**
 * A host whose program we start: as many processes as its load asks for, each at an address of its own.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { HostConfig, ProgramConfig } from "../config/config.ts";
import { type LeaseResult, markUp, type Standing } from "./address.ts";
import type { ConnectRequest } from "./backend.ts";
import type { Host, HostReport, HostSetting } from "./host.ts";
import { leastLoaded } from "./policies.ts";
import {
  inState,
  isActive,
  isRestarting,
  isUp,
  type Keeper,
  launchSettings,
  type Proc,
  procAddress,
  procCount,
  reportProc,
  standingOfProc,
  totalLoad,
} from "./proc.ts";
import type { Procs } from "./procs.ts";

export class ProgramHost implements Host, Keeper {
  readonly connectsTo = null;
  drained = false;
  readonly #address: Address;
  readonly #known: Procs;
  #program: ProgramConfig | null = null;
  /** At all its addresses; some may be another host's. */
  #named: readonly Proc[] = [];
  /** Those that it had, and whose tunnels may be open: nobody is sent there. */
  #former: readonly Proc[] = [];
  /** Requests that wait for a program to start. */
  #waiting = 0;
  #stopping = false;

  constructor(address: Address, known: Procs) {
    this.#address = address;
    this.#known = known;
  }

  get load(): number {
    return totalLoad([...this.#procs, ...this.#left()]) + this.#waiting;
  }

  get standing(): Standing {
    const proc = this.#candidate(this.#procs);
    return proc === null ? "down" : standingOfProc(proc);
  }

  get problem(): string {
    if (this.#procs.some((proc) => proc.isAnothers(this))) return TAKEN;
    const problems = this.#procs.map(({ at, supervisor }) => at.problem || supervisor.reason);
    return problems.find((problem) => problem !== "") ?? "";
  }

  get idleTimeoutMs(): number {
    return this.#program?.idleTimeoutMs ?? 0;
  }

  get wantsMore(): boolean {
    return !this.#stopping && this.#activeCount() < this.#minProcs;
  }

  get canSpare(): boolean {
    return this.#activeCount() > this.#minProcs;
  }

  get #procs(): readonly Proc[] {
    return this.#named.filter((proc) => proc.belongsTo(this));
  }

  get #minProcs(): number {
    return this.#program?.minProcs ?? 0;
  }

  keep({ config }: HostSetting): void {
    const program = programOf(config);
    this.#program = program;
    const before = this.#named;
    this.#named = Array.from({ length: procCount(this.#address, program) }, (_, id) => {
      const address = procAddress(this.#address, id, program.maxProcs);
      return this.#known.find(address, launchSettings(config, program, address, id));
    });
    for (const [id, proc] of this.#named.entries()) {
      proc.keep(this, id, launchSettings(config, program, proc.at.address, id));
    }
    this.#leave(before.filter((proc) => !this.#named.includes(proc)));
  }

  letGo(): void {
    const before = this.#named;
    this.#named = [];
    this.#leave(before);
  }

  #leave(procs: readonly Proc[]): void {
    for (const proc of procs) proc.leave(this);
    this.#former = [...this.#left(), ...procs];
  }

  /** What is left of its former procs, unless another host has them. */
  #left(): Proc[] {
    return this.#former.filter(({ isKept, isGone }) => !isKept && !isGone);
  }

  /** Those that run are kept, whichever they are. */
  async start(): Promise<void> {
    const starts: Promise<unknown>[] = [];
    for (const { supervisor } of this.#procs) {
      if (this.#activeCount() >= this.#minProcs) break;
      starts.push(supervisor.start());
    }
    await Promise.all(starts);
  }

  /** Each proc that may serve is tried at most once. */
  async connect(request: ConnectRequest, { config }: HostSetting): Promise<LeaseResult> {
    const tried = new Set<Proc>();
    // Which procs it has may change while one of them is tried.
    const next = () => this.#candidate(this.#procs.filter((proc) => !tried.has(proc)));
    let failure: LeaseResult = { ok: false, kind: "down", reason: "its program is down" };
    for (let proc = next(); proc !== null; proc = next()) {
      tried.add(proc);
      const result = await this.#leaseFrom(proc, request, config);
      if (result.ok || result.kind === "aborted") return result;
      failure = result;
    }
    return failure;
  }

  forgive(): void {
    for (const { at, supervisor } of this.#procs) {
      markUp(at);
      supervisor.retry();
    }
  }

  report(): HostReport[] {
    const former = this.#left().map((proc) => ({ ...reportProc(proc), state: "draining" }));
    return [...this.#procs.map(reportProc), ...former];
  }

  /** The procs are ended by who knows them all. */
  stop(): Promise<void> {
    this.#stopping = true;
    return Promise.resolve();
  }

  onUp(): void {
    this.#scale();
  }

  #candidate(untried: readonly Proc[]): Proc | null {
    const usable = untried.filter((proc) => !proc.isAnothers(this));
    const inStanding = (standing: Standing) =>
      this.#best(usable.filter((proc) => standingOfProc(proc) === standing));
    return inStanding("ready") ?? inStanding("doubtful");
  }

  /** The least loaded that is up, else one that soon will be, else one to be started; one that is to be replaced where there is no other. */
  #best(usable: readonly Proc[]): Proc | null {
    const outdated = usable.filter(isOutdated);
    const current = usable.filter((proc) => !isOutdated(proc));
    return leastLoadedProc(current.filter(isUp)) ??
      leastLoadedProc(current.filter(inState("starting"))) ??
      (this.#mayStart() ? toStart(current) : null) ??
      leastLoadedProc(outdated);
  }

  /** A program that fails at one address is not tried at all the others. */
  #mayStart(): boolean {
    return !this.#stopping && !this.#procs.some(inState("backoff")) &&
      !this.#procs.some(isRestarting);
  }

  async #leaseFrom(
    proc: Proc,
    request: ConnectRequest,
    config: HostConfig,
  ): Promise<LeaseResult> {
    this.#waiting++;
    let waits = true;
    const waited = () => {
      if (waits) this.#waiting--;
      waits = false;
    };
    const result = await proc.lease(request, config, () => {
      waited();
      this.#scale();
    });
    waited();
    return result;
  }

  /** One more when the mean load is too high; when that is up the next, if it still is. */
  #scale(): void {
    if (!this.#mayStart() || this.#procs.some(inState("starting"))) return;
    const up = this.#procs.filter(isUp);
    const spare = this.#procs.find(inState("stopped"));
    const most = this.#program?.maxLoadPerProc ?? Infinity;
    if (spare !== undefined && totalLoad(up) > up.length * most) void spare.supervisor.start();
  }

  #activeCount(): number {
    return this.#procs.filter(isActive).length;
  }
}

const TAKEN =
  "the program of another host listens at its address until the last tunnel of that has ended";

/** A proc that can be started at once before one that has to end first. */
function toStart(procs: readonly Proc[]): Proc | null {
  return procs.find(inState("stopped")) ?? procs.find(inState("stopping", "dead")) ?? null;
}

function leastLoadedProc(procs: readonly Proc[]): Proc | null {
  return leastLoaded(procs.map((proc) => ({ proc, load: proc.at.load })))?.proc ?? null;
}

/** It is up, and to be replaced. */
function isOutdated(proc: Proc): boolean {
  return isUp(proc) && proc.supervisor.outdated;
}

function programOf({ program }: HostConfig): ProgramConfig {
  if (program === undefined) throw new TypeError("the setting is another kind of host's");
  return program;
}

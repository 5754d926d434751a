/**
 * Keeps one program at one address: starts it when nothing listens there, waits until it accepts connections, starts it
 * again when it has died and its tunnels have ended.
 *
 * @module
 */
import { describeExit, type Exit } from "../base/exit.ts";
import { within } from "../base/within.ts";
import { restartDelayMs, STEADY_RUN_MS } from "./backoff.ts";
import { type Child, LAST_LINES_MS, type SpawnResult } from "./child.ts";
import { processIdentity } from "./identity.ts";
import { acceptance, launch, type LaunchOptions, othersAcceptance } from "./launch.ts";
import { inTurn } from "./turns.ts";

/**
 * - `stopped`: to be started when it is needed
 * - `starting`: doesn't accept connections yet
 * - `up`: accepts connections
 * - `foreign`: something that we have not started listens at its address, and is used
 * - `dead`: ended, and its tunnels have not
 * - `backoff`: failed, waits for its next start
 * - `stopping`
 */
export type ProcState =
  | "stopped"
  | "starting"
  | "up"
  | "foreign"
  | "dead"
  | "backoff"
  | "stopping";

/** What may change while it is kept: the next start is made of it. */
export type LaunchSettings = Pick<
  LaunchOptions,
  | "command"
  | "environment"
  | "killSignal"
  | "onExit"
  | "handover"
  | "listenBacklog"
  | "startTimeoutMs"
>;

export interface SupervisorOptions extends LaunchOptions {
  /** Open tunnels: a dead program is not restarted before they have ended. */
  readonly load: () => number;
  /** Whether somebody uses it, or is about to: a program that is up is not replaced before that is over. */
  readonly busy: () => boolean;
  /** Whether it is to run without being asked for. */
  readonly wanted: () => boolean;
  readonly onUp: () => void;
  /** A start has failed, or the program has ended by itself. */
  readonly onFailure: (reason: string) => void;
}

const LEFT = "the program has ended, and is not to be started again";

/** As a shell has it. */
const NEVER_STARTED: Exit = { code: 127, signal: null };

const STOPPED: SpawnResult = { ok: false, reason: "stopped" };

export class Supervisor {
  #options: SupervisorOptions;
  #state: ProcState = "stopped";
  #child: Child | null = null;
  /** The identity of what is to run, and of what was started last. */
  #identity: string;
  #launched = "";
  #reason = "";
  /** The start, stop or end under way. */
  #settling: Promise<unknown> = Promise.resolve();
  #starting: Promise<string | null> = Promise.resolve(null);
  #startAborter = new AbortController();
  #startedAt = -Infinity;
  #failures = 0;
  #outageTold = false;
  #foreignTold = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #retryAt = -Infinity;
  #over = false;
  /** It has ended by itself, and is not to be started again. */
  #left = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#identity = processIdentity(options);
  }

  get state(): ProcState {
    return this.#state;
  }

  /** When it is started again, on the clock of `performance.now()`; -Infinity unless it waits for that. */
  get retryAt(): number {
    return this.#state === "backoff" ? this.#retryAt : -Infinity;
  }

  get pid(): number | null {
    return this.#child?.process.pid ?? null;
  }

  /** Why it last failed to start or ended; empty at first. */
  get reason(): string {
    return this.#reason;
  }

  /** The identity of the program that was started last; empty at first. */
  get launched(): string {
    return this.#launched;
  }

  /** The program that runs is another one than is to run by now: it is replaced once nobody uses it. */
  get outdated(): boolean {
    return this.#child !== null && this.#launched !== this.#identity;
  }

  /** Takes on settings: at the next start, which comes at once for another program that nobody uses. */
  configure(settings: LaunchSettings): void {
    this.#options = { ...this.#options, ...settings };
    if (settings.onExit === "restart") this.#left = false;
    const identity = processIdentity(settings);
    if (identity === this.#identity) return;
    this.#left = false;
    this.#identity = identity;
    // Those of another program.
    this.#failures = 0;
    if (this.#retryTimer !== undefined) this.#recover();
    void this.#replaceUnused();
  }

  /** Starts it unless it runs; resolves once it accepts connections with null, else with why not. */
  start(): Promise<string | null> {
    if (this.#over) return Promise.resolve("stopping");
    switch (this.#state) {
      case "up":
      case "foreign":
        return Promise.resolve(null);
      case "starting":
        return this.#starting;
      case "stopped":
        return this.#starting = this.#bringUp();
      case "stopping":
      case "dead":
        if (this.#options.load() === 0) return this.#settling.then(() => this.start());
        return Promise.resolve(this.#reason);
      case "backoff":
        return Promise.resolve(this.#reason);
    }
  }

  /** Waits no longer for the next start, if it does. */
  retry(): void {
    if (this.#retryTimer === undefined) return;
    this.#forgetRetry();
    this.#proceed();
  }

  /** Its last tunnel has ended. */
  unused(): void {
    if (this.#state === "dead" && this.#child === null) this.#recover();
    void this.#replaceUnused();
  }

  /** A connect to it failed: if it is not ours, ours may be started. */
  unreachable(): void {
    if (this.#state === "foreign") this.#state = "stopped";
  }

  /** Stops it for good, whoever waits for it to be started again. */
  async end(): Promise<void> {
    this.#over = true;
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#forgetRetry();
    this.#startAborter.abort();
    if (this.#state === "starting") await this.#starting;
    if (this.#state === "up") {
      this.#state = "stopping";
      this.#reason = "stopping";
      this.#settling = this.#child!.stop();
    }
    await this.#settling;
    this.#forgetRetry();
    this.#child = null;
    this.#state = "stopped";
  }

  /** Requests that come meanwhile wait for its end, and for the start of the one that takes its place. */
  async #replaceUnused(): Promise<void> {
    if (this.#state !== "up" || !this.outdated || this.#options.busy()) return;
    const { name: program, events, wanted } = this.#options;
    events.emit({ kind: "program-replaced", program, pid: this.pid! });
    await this.stop();
    if (!this.#over && wanted()) void this.start();
  }

  async #bringUp(): Promise<string | null> {
    this.#state = "starting";
    this.#startedAt = performance.now();
    this.#startAborter = new AbortController();
    const { signal } = this.#startAborter;
    const problem = await this.#attempt(signal);
    if (problem === null) return null;
    this.#reason = problem;
    const failed = this.#child;
    this.#child = null;
    if (signal.aborted) {
      await failed?.stop();
      this.#state = "stopped";
      return "stopped";
    }
    this.#failures++;
    this.#options.onFailure(problem);
    // Whoever waits for it learns so now: ending what hangs, and reading its last lines, may take a while.
    this.#state = "backoff";
    this.#settling = Promise.resolve(failed?.stop()).then(() => {
      this.#tellOutage(failed?.tail ?? []);
      this.#recover();
    });
    return problem;
  }

  /** Gives null once the address accepts connections. */
  async #attempt(signal: AbortSignal): Promise<string | null> {
    const { probe, startTimeoutMs } = this.#options;
    const found = await probe(startTimeoutMs, signal);
    if (found.kind === "open" || found.kind === "silent") {
      this.#useForeign();
      return null;
    }
    if (found.kind === "error") return found.reason;
    if (signal.aborted) return "stopped";
    if (this.#left) return LEFT;
    const spawned = await inTurn(() => {
      this.#launched = this.#identity;
      return signal.aborted ? STOPPED : launch(this.#options);
    });
    if (!spawned.ok) {
      if (spawned !== STOPPED && !spawned.shortage) this.#tellNeverStarted();
      return spawned.reason;
    }
    const { child } = spawned;
    this.#child = child;
    void child.exited.then((exit) => this.#tellEnd(child, exit));
    await child.guarded;
    const problem = await acceptance(child, this.#options, signal);
    if (problem === null) {
      this.#setUp(child);
      return null;
    }
    if (!this.#left || this.#options.onExit !== "ignore") return problem;
    if (!await othersAcceptance(this.#options, signal)) return problem;
    this.#child = null;
    this.#useForeign();
    return null;
  }

  #tellEnd({ stopping }: Child, exit: Exit): void {
    const { onExit } = this.#options;
    if (stopping || onExit === "restart") return;
    this.#left = true;
    if (onExit === "exit") this.#exitWith(exit);
  }

  /** One that isn't there will not end either. */
  #tellNeverStarted(): void {
    if (this.#options.onExit !== "exit") return;
    this.#left = true;
    this.#exitWith(NEVER_STARTED);
  }

  #exitWith(exit: Exit): void {
    const { name: program, events } = this.#options;
    events.emit({ kind: "exit-with-program", program, exit });
  }

  #useForeign(): void {
    const { name: program, events, onUp } = this.#options;
    this.#state = "foreign";
    if (!this.#foreignTold) events.emit({ kind: "program-foreign", program });
    this.#foreignTold = true;
    onUp();
  }

  #setUp(child: Child): void {
    const { name: program, events, onUp } = this.#options;
    const { pid } = child.process;
    this.#state = "up";
    events.emit({ kind: "program-started", program, pid, again: this.#outageTold });
    this.#outageTold = false;
    this.#settling = child.exited.then((status) => this.#onEnd(child, status));
    onUp();
  }

  async #onEnd(child: Child, status: Deno.CommandStatus): Promise<void> {
    if (this.#state !== "up") return;
    const { name: program, events, load, onFailure } = this.#options;
    this.#state = "dead";
    this.#reason = `the program ended with ${describeExit(status)}`;
    // One that serves a single client and ends, as inetd's programs do, has not failed.
    const isWell = status.success || performance.now() - this.#startedAt >= STEADY_RUN_MS;
    this.#failures = isWell ? 1 : this.#failures + 1;
    const { pid } = child.process;
    const tunnels = load();
    onFailure(this.#reason);
    await within(child.ended, LAST_LINES_MS);
    events.emit({ kind: "program-ended", program, pid, exit: status, tunnels });
    await child.ended;
    this.#child = null;
    if (load() === 0) this.#recover();
  }

  /** After an end: a new start, now or after its backoff. */
  #recover(): void {
    this.#forgetRetry();
    const delayMs = restartDelayMs(this.#failures, performance.now() - this.#startedAt);
    if (delayMs === 0) return this.#proceed();
    this.#state = "backoff";
    this.#retryAt = performance.now() + delayMs;
    this.#retryTimer = setTimeout(() => this.#proceed(), delayMs);
  }

  #forgetRetry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #proceed(): void {
    this.#retryTimer = undefined;
    this.#state = "stopped";
    const { onExit, wanted } = this.#options;
    // We end with it, and nothing is wrong with that.
    const isLast = this.#left && onExit === "exit";
    if (wanted() && !isLast) void this.start();
  }

  /** Once, until it is up again. */
  #tellOutage(tail: readonly string[]): void {
    const { name: program, events } = this.#options;
    if (!this.#outageTold) {
      events.emit({ kind: "program-failed", program, reason: this.#reason, output: [...tail] });
    }
    this.#outageTold = true;
  }
}

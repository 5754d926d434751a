/**
 * A host that is a program started for each tunnel, spoken to over its standard input and output, as inetd does.
 *
 * The program is told WSTUNNEL_CLIENT_ADDRESS, WSTUNNEL_PATH and WSTUNNEL_ORIGIN (empty without one). Its end, not that of
 * what it may have left behind, ends the tunnel's output.
 *
 * @module
 */
import { within } from "../base/within.ts";
import type { Logger } from "../base/logger.ts";
import type { ExecTarget, HostConfig } from "../config/config.ts";
import { type Child, describeExit, spawnChild, type SpawnResult } from "../process/child.ts";
import { childEnvironment } from "../process/environment.ts";
import type { Guard } from "../process/guard.ts";
import {
  disabledUntilUnixMs,
  isDisabled,
  type LeaseResult,
  markFailed,
  type Standing,
  stateOf,
} from "./address.ts";
import type { ConnectRequest, Lease } from "./backend.ts";
import type { BackendConnection } from "./connection.ts";
import { createExecConnection } from "./exec_connection.ts";
import type { Host, HostReport } from "./host.ts";

/** How long a program has to end by itself once its input and output are closed. */
const CLOSE_GRACE_MS = 1000;

export class ExecHost implements Host {
  readonly name: string;
  readonly #config: HostConfig;
  readonly #target: ExecTarget;
  readonly #log: Logger;
  readonly #guard: Guard;
  /** Running programs: one may outlive its tunnel for a moment, and counts until it has ended. */
  readonly #running = new Map<Child, { load: number }>();
  readonly #state = {
    disabledUntil: -Infinity,
    tunnelsServed: 0,
    failures: 0,
    problem: "",
    failed: false,
  };
  #stopping = false;

  constructor(name: string, config: HostConfig, target: ExecTarget, log: Logger, guard: Guard) {
    this.name = name;
    this.#config = config;
    this.#target = target;
    this.#log = log;
    this.#guard = guard;
  }

  get load(): number {
    return [...this.#running.values()].reduce((sum, { load }) => sum + load, 0);
  }

  get standing(): Standing {
    return isDisabled(this.#state) ? "down" : "ready";
  }

  get problem(): string {
    return this.#state.problem;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async connect(request: ConnectRequest): Promise<LeaseResult> {
    if (request.signal.aborted) return { ok: false, kind: "aborted", reason: "aborted" };
    if (this.#stopping) return { ok: false, kind: "down", reason: "stopping" };
    const { size } = this.#running;
    if (size >= this.#target.maxProcs) {
      return { ok: false, kind: "full", reason: `${size} of them run, as many as may` };
    }
    const spawned = this.#spawn(request);
    if (!spawned.ok) {
      // No fault of the program's.
      if (spawned.shortage) return { ok: false, kind: spawned.shortage, reason: spawned.reason };
      this.#state.failures++;
      this.#state.problem = spawned.reason;
      markFailed(this.#state, this.#config);
      return { ok: false, kind: "down", reason: spawned.reason };
    }
    const lease = this.#lease(spawned.child);
    await spawned.child.guarded;
    return { ok: true, lease };
  }

  report(): HostReport[] {
    return [
      this.#summary(),
      ...[...this.#running].map(([child, { load }]) => this.#row(child, load)),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#running.keys()].map((child) => child.stop()));
  }

  #spawn(request: ConnectRequest): SpawnResult {
    const { command, environment, copyEnvironment, killSignal } = this.#target;
    const ours = Deno.env.toObject();
    return spawnChild({
      command,
      environment: childEnvironment(ours, copyEnvironment, environment, toldTo(request)),
      name: this.name,
      killSignal,
      stdin: "piped",
      stdout: "piped",
      log: this.#log,
      guard: this.#guard,
    });
  }

  /** Counts the program until it has ended, and as load until it is released. */
  #lease(child: Child): Lease {
    const proc = { load: 1, inputEnded: false };
    this.#state.tunnelsServed++;
    this.#state.failed = false;
    this.#running.set(child, proc);
    child.exited.then((status) => this.#tellExit(child, status, proc.inputEnded));
    child.ended.then(() => this.#running.delete(child));
    return {
      connection: connectionOf(child, () => proc.inputEnded = true),
      backend: this.name,
      host: this.#config,
      release: () => void (proc.load = 0),
    };
  }

  /** Once its input has ended, an exit code is its way of saying so: `sshd -i` gives 255. */
  #tellExit(child: Child, status: Deno.CommandStatus, inputEnded: boolean): void {
    if (status.success || child.stopping) return;
    const fields = { program: this.name, pid: child.process.pid, exit: describeExit(status) };
    if (inputEnded) this.#log.info("program has ended", fields);
    else this.#log.warn("program has failed", fields);
  }

  #summary(): HostReport {
    const { tunnelsServed, failures } = this.#state;
    const full = this.#running.size >= this.#target.maxProcs;
    const state = stateOf(this.#state);
    return {
      backend: this.name,
      state: full && state !== "disabled" ? "full" : state,
      load: this.load,
      pid: null,
      tunnelsServed,
      failures,
      disabledUntil: disabledUntilUnixMs(this.#state),
    };
  }

  #row(child: Child, load: number): HostReport {
    return {
      backend: this.name,
      state: load > 0 ? "running" : "stopping",
      load,
      pid: child.process.pid,
      tunnelsServed: 1,
      failures: 0,
      disabledUntil: null,
    };
  }
}

function toldTo({ clientAddress, path, origin }: ConnectRequest): Record<string, string> {
  return {
    WSTUNNEL_CLIENT_ADDRESS: clientAddress,
    WSTUNNEL_PATH: path,
    WSTUNNEL_ORIGIN: origin ?? "",
  };
}

/** Closing it ends the program, with signals if need be. */
function connectionOf(child: Child, onInputEnd: () => void): BackendConnection {
  const connection = createExecConnection(child.process, child.exited);
  return {
    ...connection,
    closeWrite() {
      onInputEnd();
      return connection.closeWrite();
    },
    close() {
      onInputEnd();
      connection.close();
      void within(child.exited, CLOSE_GRACE_MS).then((ended) => ended ? undefined : child.stop());
    },
  };
}

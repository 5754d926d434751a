/**
 * A host that is a program started for each tunnel, spoken to over its standard input and output, as inetd does: one socket, or two pipes
 * where no descriptor can be given to a program.
 *
 * The program is told WSTUNNEL_CLIENT_ADDRESS, WSTUNNEL_PATH and WSTUNNEL_ORIGIN (empty without one), and what CGI has names for. Its end, not that of
 * what it may have left behind, ends the tunnel's output.
 *
 * @module
 */
import { shortageOf } from "../base/exhaustion.ts";
import { within } from "../base/within.ts";
import type { ExecTarget } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import { CGI_NAMES, cgiVariables } from "../http/cgi.ts";
import {
  type Child,
  type ChildIo,
  LAST_LINES_MS,
  spawnChild,
  type SpawnResult,
} from "../process/child.ts";
import { childEnvironment } from "../process/environment.ts";
import type { Guard } from "../process/guard.ts";
import { inTurn } from "../process/turns.ts";
import { canGiveDescriptors, closeDescriptor, type Given } from "../sys/descriptors.ts";
import { openSocketPair } from "../sys/socket_pair.ts";
import {
  disabledUntilUnixMs,
  isDisabled,
  type LeaseResult,
  markFailed,
  markUp,
  type Standing,
  stateOf,
} from "./address.ts";
import type { ConnectRequest, Lease } from "./backend.ts";
import { type BackendConnection, ProgramFailure } from "./connection.ts";
import { createExecConnection } from "./exec_connection.ts";
import { createExecSocket } from "./exec_socket.ts";
import type { Host, HostReport, HostSetting } from "./host.ts";
import { createSlots } from "./slots.ts";

/** How long a program has to end by itself once its input and output are closed. */
const CLOSE_GRACE_MS = 1000;

/** How soon after the end of its output a program has ended that ends it by ending itself. */
const EXIT_MS = 500;

export interface ExecHostOptions {
  readonly events: Events;
  readonly guard: Guard;
}

/** A program's tunnel. */
interface Use {
  readonly setting: HostSetting;
  /** 1 until it is released. */
  load: number;
  inputEnded: boolean;
  /** Its number, once it is open. */
  tunnel: number | undefined;
  /** Resolves when the number is known, or never will be. */
  readonly named: PromiseWithResolvers<void>;
}

interface Started {
  readonly ok: true;
  readonly child: Child;
  readonly connection: BackendConnection;
}

type Failure = LeaseResult & { readonly ok: false };

export class ExecHost implements Host {
  readonly connectsTo = null;
  drained = false;
  readonly #options: ExecHostOptions;
  readonly #slots = createSlots();
  /** Running programs: one may outlive its tunnel for a moment, and counts until it has ended. */
  readonly #running = new Map<Child, Use>();
  readonly #state = {
    disabledUntil: -Infinity,
    tunnelsServed: 0,
    failures: 0,
    problem: "",
    failed: false,
  };
  /** Requests that wait for their turn to start one. */
  #starting = 0;
  #setting: HostSetting | null = null;
  #stopping = false;

  constructor(options: ExecHostOptions) {
    this.#options = options;
  }

  get load(): number {
    return [...this.#running.values()].reduce((sum, { load }) => sum + load, this.#starting);
  }

  get standing(): Standing {
    return isDisabled(this.#state) ? "down" : "ready";
  }

  get problem(): string {
    return this.#state.problem;
  }

  keep(setting: HostSetting): void {
    this.#setting = setting;
  }

  /** Each program ends with its tunnel. */
  letGo(): void {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  async connect(request: ConnectRequest, setting: HostSetting): Promise<LeaseResult> {
    const slot = this.#slots.take(request.peer.address, targetOf(setting));
    if (!slot.ok) return slot;
    const use = {
      setting,
      load: 1,
      inputEnded: false,
      tunnel: undefined,
      named: Promise.withResolvers<void>(),
    };
    this.#starting++;
    const started = await this.#startInTurn(request, use);
    this.#starting--;
    if (!started.ok) {
      slot.give();
      return started;
    }
    const { child, connection } = started;
    child.ended.then(slot.give);
    const lease = this.#lease(child, connection, use);
    await child.guarded;
    return { ok: true, lease };
  }

  forgive(): void {
    markUp(this.#state);
  }

  report(): HostReport[] {
    return [
      ...this.#summary(),
      ...[...this.#running].map(rowOf),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#running.keys()].map((child) => child.stop()));
  }

  /** What the program gets as its input and output is made before, since that takes a turn of the event loop. */
  async #startInTurn(request: ConnectRequest, use: Use): Promise<Started | Failure> {
    let socket: Given<Deno.UnixConn> | null;
    try {
      socket = canGiveDescriptors ? await openSocketPair() : null;
    } catch (error) {
      const reason = `can't make a socket for it: ${(error as Error).message}`;
      return { ok: false, kind: shortageOf(error) ?? "down", reason };
    }
    const io = socket === null ? "piped" : { socket: socket.descriptor };
    const spawned = await inTurn(() => this.#start(request, use, io));
    if (socket !== null) closeDescriptor(socket.descriptor);
    if (!spawned.ok) {
      socket?.end.close();
      return spawned;
    }
    const { child } = spawned;
    const connection = socket === null
      ? createExecConnection(child.pipes!, child.exited)
      : createExecSocket(socket.end, child.exited);
    return { ok: true, child, connection: connectionOf(child, connection, use) };
  }

  /** The request may have waited for its turn. */
  #start(
    request: ConnectRequest,
    use: Use,
    io: ChildIo,
  ): (SpawnResult & { ok: true }) | Failure {
    if (request.signal.aborted) return { ok: false, kind: "aborted", reason: "aborted" };
    if (this.#stopping) return { ok: false, kind: "down", reason: "stopping" };
    if (isDisabled(this.#state)) return { ok: false, kind: "down", reason: this.problem };
    const spawned = this.#spawn(request, use, io);
    if (spawned.ok) return spawned;
    const { reason, shortage } = spawned;
    // No fault of the program's.
    if (shortage) return { ok: false, kind: shortage, reason };
    this.#state.failures++;
    this.#state.problem = reason;
    markFailed(this.#state, use.setting.config);
    return { ok: false, kind: "down", reason };
  }

  #spawn(request: ConnectRequest, use: Use, io: ChildIo): SpawnResult {
    const { events, guard } = this.#options;
    const { name, route } = use.setting;
    const { command, environment, copyEnvironment, killSignal } = targetOf(use.setting);
    const ours = Deno.env.toObject();
    for (const name of CGI_NAMES) delete ours[name];
    return spawnChild({
      command,
      environment: childEnvironment(ours, copyEnvironment, environment, toldTo(request)),
      name,
      names: () => ({ route, tunnel: use.tunnel }),
      named: use.named.promise,
      killSignal,
      io,
      events,
      guard,
    });
  }

  /** Counts the program until it has ended, and as load until it is released. */
  #lease(child: Child, connection: BackendConnection, use: Use): Lease {
    this.#state.tunnelsServed++;
    this.#state.failed = false;
    this.#running.set(child, use);
    child.exited.then((status) => this.#tellExit(child, status, use));
    child.ended.then(() => this.#running.delete(child));
    return {
      connection,
      backend: use.setting.name,
      isTarget: false,
      host: use.setting.config,
      pid: child.process.pid,
      carry(tunnelId) {
        use.tunnel = tunnelId;
        use.named.resolve();
      },
      release() {
        use.load = 0;
        use.named.resolve();
      },
    };
  }

  /** Once its input has ended, an exit code is its way of saying so: `sshd -i` gives 255. */
  async #tellExit(child: Child, status: Deno.CommandStatus, use: Use): Promise<void> {
    const { inputEnded } = use;
    if (status.success || child.stopping) return;
    // One that fails at once may have done so before its tunnel is open; why it did stands in its last lines, which come first.
    await use.named.promise;
    await within(child.ended, LAST_LINES_MS);
    const { emit } = this.#options.events;
    emit({ kind: "exec-failed", ...child.names, exit: status, wanted: !inputEnded });
  }

  #summary(): HostReport[] {
    if (this.#setting === null) return [];
    const { tunnelsServed, failures } = this.#state;
    const full = this.#slots.used >= targetOf(this.#setting).maxProcs;
    const state = stateOf(this.#state);
    return [{
      backend: this.#setting.name,
      state: full && state !== "disabled" ? "full" : state,
      load: this.load,
      pid: null,
      tunnelsServed,
      failures,
      disabledUntil: disabledUntilUnixMs(this.#state),
    }];
  }
}

function rowOf([child, { load, setting }]: [Child, Use]): HostReport {
  return {
    backend: setting.name,
    state: load > 0 ? "running" : "stopping",
    load,
    pid: child.process.pid,
    tunnelsServed: 1,
    failures: 0,
    disabledUntil: null,
  };
}

function targetOf({ config: { target } }: HostSetting): ExecTarget {
  if (target.transport !== "exec") throw new TypeError("the setting is another kind of host's");
  return target;
}

function toldTo(request: ConnectRequest): Record<string, string> {
  const { peer, path, origin } = request;
  return {
    ...cgiVariables(request),
    WSTUNNEL_CLIENT_ADDRESS: peer.address,
    WSTUNNEL_PATH: path,
    WSTUNNEL_ORIGIN: origin ?? "",
  };
}

/** Closing it ends the program, with signals if need be. */
function connectionOf(child: Child, connection: BackendConnection, use: Use): BackendConnection {
  let spoke = false;
  return {
    ...connection,
    async read(buffer) {
      const count = await connection.read(buffer);
      if (count !== null) spoke = true;
      else if (!spoke && await hasFailed(child, use)) throw new ProgramFailure();
      return count;
    },
    closeWrite() {
      use.inputEnded = true;
      return connection.closeWrite();
    },
    close() {
      use.inputEnded = true;
      connection.close();
      void within(child.exited, CLOSE_GRACE_MS).then((ended) => ended ? undefined : child.stop());
    },
  };
}

/** Whether a program whose output has ended was to go on: not when its client is done, or we are. */
async function hasFailed(child: Child, use: Use): Promise<boolean> {
  const wanted = !use.inputEnded && !child.stopping;
  return wanted && await within(child.exited, EXIT_MS) && !(await child.exited).success;
}

/**
 * An open tunnel with its names: in the registry, in the sweep, and told of when it is over.
 *
 * A class, since a closure for each thing that may happen to a tunnel is what most of an idle one's memory was.
 *
 * @module
 */
import type { Lease } from "../backend/backend.ts";
import type { Link } from "../base/chain.ts";
import { closeQuietly } from "../base/close_quietly.ts";
import { nowMs } from "../base/turn_clock.ts";
import { endFallen } from "../engine/defect.ts";
import type { RunningTunnel, TunnelHandle } from "../engine/door.ts";
import type { Sweep, Ticking } from "../engine/sweep.ts";
import type { Asked, TunnelIdentity } from "../events/event.ts";
import type { Events } from "../events/events.ts";
import { type PeerWords, peerWords } from "../events/words.ts";
import type { Pass } from "../limits/connections.ts";
import type { Tally } from "../limits/tally.ts";
import { type Cause, endOf, type TunnelEnd } from "../tunnel/cause.ts";
import type { TunnelListener } from "../tunnel/tunnel_options.ts";
import { CloseCode } from "../websocket/close_code.ts";
import { progressOf } from "./progress.ts";
import type { Flow, OpenTunnel, Registry } from "./registry.ts";

/** What all sessions share. */
export interface SessionContext {
  readonly registry: Registry;
  readonly sweep: Sweep;
  readonly events: Events;
  /** Of each route, those that are being connected too. */
  readonly tunnels: Tally;
}

/** What is known when the tunnel opens. */
export interface SessionNames extends Omit<TunnelIdentity, "backend" | "isTarget" | "pid"> {
  readonly lease: Lease;
  /** The client's connection's. */
  readonly pass: Pass;
}

/** Of a tunnel that has yet to begin. */
const NO_FLOW: Flow = { upBytes: 0, downBytes: 0, upWaits: false, downWaits: false };

function isTicking(running: RunningTunnel): running is RunningTunnel & Ticking {
  return running.tick !== undefined;
}

export class Session implements OpenTunnel, TunnelListener {
  listed: Link<OpenTunnel> | null = null;
  readonly id: number;
  readonly client: string;
  readonly via: string | undefined;
  readonly tls: boolean | undefined;
  readonly user: PeerWords | null;
  readonly route: string;
  readonly asked: Asked;
  readonly openedAtMs = nowMs();
  readonly #context: SessionContext;
  readonly #lease: Lease;
  readonly #pass: Pass;
  #running: RunningTunnel | null = null;

  constructor(context: SessionContext, names: SessionNames) {
    const { id, client, via, tls, user, route, asked, lease, pass } = names;
    this.#context = context;
    this.id = id;
    this.client = client;
    this.via = via;
    this.tls = tls;
    this.user = user;
    this.route = route;
    this.asked = asked;
    this.#lease = lease;
    this.#pass = pass;
  }

  get backend(): string {
    return this.#lease.backend;
  }

  get isTarget(): boolean {
    return this.#lease.isTarget;
  }

  get pid(): number | undefined {
    return this.#lease.pid;
  }

  get flow(): Flow {
    return this.#running?.machine ?? NO_FLOW;
  }

  get upResidue(): number {
    return this.#running?.upResidue ?? 0;
  }

  get downResidue(): number {
    return this.#running?.downResidue ?? 0;
  }

  /** The engine moves it from now on; it is looked at every `tickMs`, or more often. */
  begin(running: RunningTunnel, tickMs: number): void {
    this.#running = running;
    if (isTicking(running) && !running.machine.released) this.#context.sweep.add(running, tickMs);
  }

  /** It could not begin. */
  fail(): void {
    closeQuietly(this.#lease.connection);
    this.tunnelOver({ ...endOf("defect"), code: CloseCode.ABNORMAL });
    this.tunnelReleased();
  }

  end(cause: Cause): void {
    this.#have((machine) => machine.end(cause));
  }

  cut(): void {
    this.#have((machine) => machine.cut());
  }

  /** Told of later: whoever made the call that ends it may not have begun to look at it. */
  tunnelOver(ended: TunnelEnd): void {
    queueMicrotask(() => this.#close(ended));
  }

  tunnelReleased(): void {
    this.#pass.release();
    const running = this.#running;
    if (running !== null && isTicking(running)) this.#context.sweep.delete(running);
  }

  /** Whoever asks it of many is to come to all of them: a defect that one meets is its own. */
  #have(call: (machine: TunnelHandle) => void): void {
    const running = this.#running;
    if (running === null) return;
    try {
      call(running.machine);
    } catch (error) {
      const { emit } = this.#context.events;
      endFallen(running, error, (error) => emit({ kind: "defect", error }));
    }
  }

  /** Once: whoever moves it may tell of its end behind what has kept it from beginning. */
  #close({ code, cause, reason }: TunnelEnd): void {
    if (this.listed === null) return;
    const { registry, events, tunnels } = this.#context;
    this.#lease.release();
    tunnels.give(this.route);
    registry.delete(this);
    events.emit({
      ...progressOf(this),
      kind: "tunnel-closed",
      cause,
      code,
      reason: peerWords(reason),
    });
  }
}

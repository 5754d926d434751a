/**
 * A host behind a route: what lives of it, apart from what a configuration says of it; and the simplest kind, an address where somebody
 * else's server listens.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { HostConfig } from "../config/config.ts";
import {
  createAddressState,
  leaseAddress,
  type LeaseOptions,
  type LeaseResult,
  markUp,
  reportOf,
  type Standing,
  standingOf,
} from "./address.ts";
import type { ProcReport } from "../events/event.ts";
import type { ConnectRequest } from "./backend.ts";

/** What a configuration says of a host. */
export interface HostSetting {
  /** As the log has it. */
  readonly name: string;
  readonly route: string;
  readonly config: HostConfig;
}

/** It outlives the configurations that name it: each request brings the setting that it began with. */
export interface Host {
  /** Open tunnels, and those being connected. */
  readonly load: number;
  /** Whether to ask it for a connection now. */
  readonly standing: Standing;
  /** Why it last failed; empty if it never has. */
  readonly problem: string;
  /** An operator has taken it out: nobody is to ask it for a new connection. */
  drained: boolean;
  /** Where it does nothing but connect: this address, as the log has it; else null. */
  readonly connectsTo: string | null;
  /** Takes on the setting of a configuration; what it starts by itself is ruled by the last one. */
  keep(setting: HostSetting): void;
  /** No configuration names it any more: what it has started is stopped once the last tunnel has ended. */
  letGo(): void;
  /** Starts what is kept running; resolves once that accepts connections or is known not to. */
  start(): Promise<void>;
  connect(request: ConnectRequest, setting: HostSetting): PromiseLike<LeaseResult>;
  /** Takes back what is said of its failures: it is tried again at once. */
  forgive(): void;
  report(): HostReport[];
  /** Resolves when nothing that it started is left. */
  stop(): Promise<void>;
}

/** A host as the pool of one configuration has it. */
export interface PoolHost extends HostSetting {
  /** What `hash` and `sticky` tell it from the route's others by; may hold secrets. */
  readonly hashed: string;
  /** What keeps it the same under another configuration; may hold secrets. */
  readonly identity: string;
  readonly live: Host;
}

export type HostReport = Omit<ProcReport, "route">;

/** A host that is only connected to. */
export function createFixedHost(address: Address, options: LeaseOptions): Host {
  const state = createAddressState(address);
  let spoken: string | null = null;
  return {
    connectsTo: state.name,
    drained: false,
    get load() {
      return state.load;
    },
    get standing() {
      return standingOf(state);
    },
    get problem() {
      return state.problem;
    },
    /** What failed in one way of speaking to it says nothing of another. */
    keep({ config: { tls, sendProxy } }) {
      const now = JSON.stringify([tls, sendProxy]);
      if (spoken !== null && spoken !== now) markUp(state);
      spoken = now;
    },
    letGo() {},
    start: () => Promise.resolve(),
    connect: (request, { config }) => leaseAddress(state, config, request, options),
    forgive: () => markUp(state),
    report: () => [reportOf(state)],
    stop: () => Promise.resolve(),
  };
}

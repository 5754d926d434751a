/**
 * A host behind a route as the pool sees it, and the simplest kind: an address where somebody else's server listens.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { HostConfig } from "../config/config.ts";
import {
  createAddressState,
  disabledUntilUnixMs,
  leaseAddress,
  type LeaseResult,
  type Standing,
  standingOf,
  stateOf,
} from "./address.ts";
import type { ConnectRequest, ProcReport } from "./backend.ts";

export interface Host {
  /** As the log has it. */
  readonly name: string;
  /** Open tunnels, and those being connected. */
  readonly load: number;
  /** Whether to ask it for a connection now. */
  readonly standing: Standing;
  /** Why it last failed; empty if it never has. */
  readonly problem: string;
  /** Starts what is kept running; resolves once that accepts connections or is known not to. */
  start(): Promise<void>;
  connect(request: ConnectRequest): Promise<LeaseResult>;
  report(): HostReport[];
  /** Resolves when nothing that it started is left. */
  stop(): Promise<void>;
}

export type HostReport = Omit<ProcReport, "route">;

/** A host that is only connected to. */
export function createFixedHost(config: HostConfig, address: Address): Host {
  const state = createAddressState(address);
  return {
    name: state.name,
    get load() {
      return state.load;
    },
    get standing() {
      return standingOf(state);
    },
    get problem() {
      return state.problem;
    },
    start: () => Promise.resolve(),
    connect: (request) => leaseAddress(state, config, request),
    report: () => [{
      backend: state.name,
      state: stateOf(state),
      load: state.load,
      pid: null,
      tunnelsServed: state.tunnelsServed,
      failures: state.failures,
      disabledUntil: disabledUntilUnixMs(state),
    }],
    stop: () => Promise.resolve(),
  };
}

/**
 * What is known of the targets of a route that has no hosts: of those in use, and for a while of those that have failed. However many there
 * are, and whoever names them, no more than that is kept.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import { type AddressState, createAddressState, reportOf } from "./address.ts";
import type { HostReport } from "./host.ts";

/** How long a failed target that nobody uses is remembered: so long it is told of once. */
const REMEMBERED_MS = 60_000;

/** How many of them; the oldest is forgotten first. */
const MOST_FAILED = 1_000;

/** Rows of a report: those with the most tunnels. */
const MOST_ROWS = 100;

/** A target that is known. */
export interface KnownTarget {
  readonly state: AddressState;
  /** Whether it has been told of that it is down. */
  told: boolean;
  /** To be called with the end of each of its tunnels, and of each connect that fails. */
  readonly onRelease: () => void;
}

export interface TargetStates {
  /** How many are known. */
  readonly size: number;
  /** What is known of a target; it is kept from now on, until its tunnels are released. */
  at(address: Address): KnownTarget;
  /** The rows of those with tunnels, or with connects under way. */
  report(): HostReport[];
}

export function createTargetStates(): TargetStates {
  const known = new Map<string, KnownTarget>();
  /** When they failed last, the oldest first. */
  const failed = new Map<string, number>();

  function forget(name: string): void {
    failed.delete(name);
    if (known.get(name)?.state.load === 0) known.delete(name);
  }

  function forgetOld(): void {
    const since = performance.now() - REMEMBERED_MS;
    for (const [name, atMs] of failed) {
      if (atMs >= since && failed.size <= MOST_FAILED) return;
      forget(name);
    }
  }

  function released(state: AddressState): void {
    const { name } = state;
    failed.delete(name);
    if (state.failed) failed.set(name, performance.now());
    else if (state.load === 0) known.delete(name);
    forgetOld();
  }

  return {
    get size() {
      return known.size;
    },
    at(address) {
      forgetOld();
      const name = formatAddress(address);
      const found = known.get(name);
      if (found !== undefined) return found;
      const state = createAddressState(address, true);
      const target = { state, told: false, onRelease: () => released(state) };
      known.set(name, target);
      return target;
    },
    report: () =>
      [...known.values()].map(({ state }) => state).filter(({ load }) => load > 0)
        .sort((a, b) => b.load - a.load).slice(0, MOST_ROWS).map(reportOf),
  };
}

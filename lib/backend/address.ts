/**
 * A backend's address and its live state: how many tunnels use it, and until when it is left alone.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import { isShortage } from "../base/exhaustion.ts";
import type { HostConfig } from "../config/config.ts";
import type { ConnectFailure, ConnectRequest, Lease } from "./backend.ts";
import { dial } from "./dial.ts";

/** Times are on the clock of `performance.now()`, which the system's clock being set does not move. */
export interface AddressState {
  readonly address: Address;
  readonly name: string;
  /** Open tunnels, and those being connected. */
  load: number;
  tunnelsServed: number;
  failures: number;
  /** Why the last connect that failed did. */
  problem: string;
  disabledUntil: number;
  connectedAt: number;
}

export function createAddressState(address: Address): AddressState {
  return {
    address,
    name: formatAddress(address),
    load: 0,
    tunnelsServed: 0,
    failures: 0,
    problem: "",
    disabledUntil: -Infinity,
    connectedAt: -Infinity,
  };
}

export function isDisabled(state: { readonly disabledUntil: number }): boolean {
  return performance.now() < state.disabledUntil;
}

/** The end of being disabled as Unix time in milliseconds, null when it is over. */
export function disabledUntilUnixMs(state: { readonly disabledUntil: number }): number | null {
  const leftMs = state.disabledUntil - performance.now();
  return leftMs > 0 ? Math.round(Date.now() + leftMs) : null;
}

/** What became of one host, or one of its addresses, being asked for a connection. */
export type LeaseResult =
  | { readonly ok: true; readonly lease: Lease }
  | {
    readonly ok: false;
    readonly kind: ConnectFailure["kind"];
    readonly reason: string;
  };

/** Connects and counts the tunnel until it is released; a failure disables the address. */
export async function leaseAddress(
  state: AddressState,
  host: HostConfig,
  request: ConnectRequest,
  onRelease: () => void = () => {},
): Promise<LeaseResult> {
  const startedAt = performance.now();
  state.load++;
  const dialled = await dial(state.address, host.connectTimeoutMs, request.signal);
  if (dialled.ok) {
    state.connectedAt = performance.now();
    state.disabledUntil = -Infinity;
    state.tunnelsServed++;
    const release = once(() => {
      state.load--;
      onRelease();
    });
    return {
      ok: true,
      lease: { connection: dialled.connection, backend: state.name, host, release },
    };
  }
  state.load--;
  onRelease();
  const { kind, reason } = dialled;
  if (kind === "aborted" || isShortage(kind)) return { ok: false, kind, reason };
  state.failures++;
  state.problem = reason;
  // A slow failure says nothing any more once another connect has succeeded after this one began.
  if (state.connectedAt < startedAt) state.disabledUntil = performance.now() + host.disableTimeMs;
  return { ok: false, kind: "down", reason };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

/**
 * A backend's address and its live state: how many tunnels use it, and until when it is left alone.
 *
 * | state | what happened | who is sent there |
 * |---|---|---|
 * | `up` | the last connect succeeded, or there was none | everybody |
 * | `disabled` | the last one failed, a moment ago | nobody |
 * | `failed` | the last one failed, which is a while ago | one request at a time, whose success makes it `up`; others where there is nobody else to ask |
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import { isShortage } from "../base/exhaustion.ts";
import type { HostConfig } from "../config/config.ts";
import type { ProcReport } from "../events/event.ts";
import type { Emit } from "../events/events.ts";
import { encodeProxyHeader } from "../http/proxy_header.ts";
import type { ConnectFailure, ConnectRequest, Lease } from "./backend.ts";
import type { BackendConnection } from "./connection.ts";
import { dial, type DialOptions, type DialResult } from "./dial.ts";

/** Times are on the clock of `performance.now()`, which the system's clock being set does not move. */
export interface AddressState {
  readonly address: Address;
  readonly name: string;
  /** It is a target, and no host of the route. */
  readonly isTarget: boolean;
  /** Open tunnels, and those being connected. */
  load: number;
  /** Connects under way. */
  connecting: number;
  tunnelsServed: number;
  failures: number;
  /** Why the last connect that failed did. */
  problem: string;
  /** The last connect failed. */
  failed: boolean;
  disabledUntil: number;
  connectedAt: number;
}

export function createAddressState(address: Address, isTarget = false): AddressState {
  return {
    address,
    name: formatAddress(address),
    isTarget,
    load: 0,
    connecting: 0,
    tunnelsServed: 0,
    failures: 0,
    problem: "",
    failed: false,
    disabledUntil: -Infinity,
    connectedAt: -Infinity,
  };
}

export function isDisabled(state: { readonly disabledUntil: number }): boolean {
  return state.disabledUntil !== -Infinity && performance.now() < state.disabledUntil;
}

/** How the table of hosts has it. */
export function stateOf(
  state: { readonly failed: boolean; readonly disabledUntil: number },
): "up" | "failed" | "disabled" {
  return isDisabled(state) ? "disabled" : state.failed ? "failed" : "up";
}

/**
 * Whether to ask a host, or one of its addresses:
 *
 * - `ready`: ask it
 * - `doubtful`: it has failed, and somebody is finding out whether it is back: ask it only where no other is ready
 * - `down`: leave it alone
 */
export type Standing = "ready" | "doubtful" | "down";

/** An address that takes long to fail would make everybody wait who is sent there. */
export function standingOf(state: AddressState): Standing {
  if (isDisabled(state)) return "down";
  return state.failed && state.connecting > 0 ? "doubtful" : "ready";
}

/** Why a host takes no more tunnels, those that are being connected being some; null: it does. */
export function whyFull(load: number, { maxLoad }: Pick<HostConfig, "maxLoad">): string | null {
  if (maxLoad === 0 || load < maxLoad) return null;
  return `it has ${load} tunnels, as many as it may (max-load)`;
}

/** Takes back what is said of a failure: it is up. */
export function markUp(state: { failed: boolean; disabledUntil: number }): void {
  state.failed = false;
  state.disabledUntil = -Infinity;
}

/** Leaves it alone for a time. */
export function markFailed(
  state: { failed: boolean; disabledUntil: number },
  { disableTimeMs }: HostConfig,
): void {
  state.failed = true;
  state.disabledUntil = performance.now() + disableTimeMs;
}

/** The end of being disabled as Unix time in milliseconds, null when it is over. */
export function disabledUntilUnixMs(state: { readonly disabledUntil: number }): number | null {
  const leftMs = state.disabledUntil - performance.now();
  return leftMs > 0 ? Math.round(Date.now() + leftMs) : null;
}

/** The row of a report. */
export function reportOf(state: AddressState): Omit<ProcReport, "route"> {
  return {
    backend: state.name,
    state: stateOf(state),
    load: state.load,
    pid: null,
    tunnelsServed: state.tunnelsServed,
    failures: state.failures,
    disabledUntil: disabledUntilUnixMs(state),
    ...(state.isTarget && { isTarget: true }),
  };
}

/** What became of one host, or one of its addresses, being asked for a connection. */
export type LeaseResult =
  | { readonly ok: true; readonly lease: Lease }
  | {
    readonly ok: false;
    readonly kind: ConnectFailure["kind"];
    readonly reason: string;
  };

export interface LeaseOptions {
  readonly emit: Emit;
  /** Called with the tunnel's end, and where there is none. */
  readonly onRelease: () => void;
}

/** Connects and counts the tunnel until it is released; a failure disables the address. */
export function leaseAddress(
  state: AddressState,
  host: HostConfig,
  request: ConnectRequest,
  options: LeaseOptions,
): PromiseLike<LeaseResult> {
  const startedAt = performance.now();
  state.load++;
  state.connecting++;
  const { signal, peer, target, dialler } = request;
  const { connectTimeoutMs: timeoutMs, sendProxy } = host;
  const header = sendProxy === null ? undefined : encodeProxyHeader(sendProxy, peer);
  const tls = tlsTo(state.address, host);
  const found = target?.found;
  const lookup = found && (() => Promise.resolve(found));
  return dial(state.address, { timeoutMs, signal, header, tls, dialler, lookup }).then((dialled) =>
    leased(dialled, startedAt, state, host, options)
  );
}

function leased(
  dialled: DialResult,
  startedAt: number,
  state: AddressState,
  host: HostConfig,
  { emit, onRelease }: LeaseOptions,
): LeaseResult {
  state.connecting--;
  const endedAt = performance.now();
  const outcome = dialled.ok ? "connected" : dialled.kind;
  const seconds = (endedAt - startedAt) / 1000;
  emit({ kind: "dialled", backend: state.name, outcome, seconds });
  if (dialled.ok) {
    state.connectedAt = endedAt;
    markUp(state);
    state.tunnelsServed++;
    return { ok: true, lease: new AddressLease(dialled.connection, host, state, onRelease) };
  }
  state.load--;
  const { kind, reason } = dialled;
  const isOurs = kind === "aborted" || isShortage(kind);
  if (!isOurs) {
    state.failures++;
    state.problem = reason;
    // A slow failure says nothing any more once another connect has succeeded after this one began.
    if (state.connectedAt < startedAt) markFailed(state, host);
  }
  onRelease();
  return { ok: false, kind: isOurs ? kind : "down", reason };
}

function tlsTo(address: Address, { tls }: HostConfig): DialOptions["tls"] {
  if (tls === null) return undefined;
  const { ca, cert, key } = tls;
  // A target may be a unix-domain socket: the dial refuses that.
  const name = address.transport === "tcp" ? address.hostname : "";
  const identity = cert === null || key === null ? null : { cert, key };
  return { serverName: tls.serverName ?? name, ca, identity };
}

/** A class, since an idle tunnel holds one: closures would hold what they were made among. */
class AddressLease implements Lease {
  readonly connection: BackendConnection;
  readonly host: HostConfig;
  readonly #state: AddressState;
  #onRelease: (() => void) | null;

  constructor(
    connection: BackendConnection,
    host: HostConfig,
    state: AddressState,
    onRelease: () => void,
  ) {
    this.connection = connection;
    this.host = host;
    this.#state = state;
    this.#onRelease = onRelease;
  }

  get backend(): string {
    return this.#state.name;
  }

  get isTarget(): boolean {
    return this.#state.isTarget;
  }

  release(): void {
    if (this.#onRelease === null) return;
    this.#state.load--;
    this.#onRelease();
    this.#onRelease = null;
  }
}

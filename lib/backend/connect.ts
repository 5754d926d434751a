/**
 * Connecting to an IP address, to the first of several, or to a unix-domain socket. What has connected is always the caller's to close, also when
 * the signal was aborted meanwhile: whether it still wants it is for the caller to decide.
 *
 * @module
 */
import type { Address, UnixAddress } from "../base/address.ts";
import { connectShortageOf } from "../base/exhaustion.ts";
import type { Later } from "../base/later.ts";
import { within } from "../base/within.ts";
import type { BackendConnection } from "./connection.ts";

/** How long an address may keep the next one waiting (RFC 8305, section 5). */
export const STAGGER_MS = 250;

/** Pause before a unix-domain socket whose backlog is full is tried again. */
const FULL_BACKLOG_PAUSE_MS = 20;

/**
 * Makes what cancels a connect. When one has succeeded, the runtime asks its signal once more, and where that was aborted in the same turn
 * it throws and forgets the connection, which stays open for ever (2.9.6, and 2.4.2 by its code). So this signal cancels and never tells.
 */
export function createCancel(): AbortController {
  const cancel = new AbortController();
  Object.defineProperty(cancel.signal, "throwIfAborted", { value: () => {} });
  return cancel;
}

/** What connects to an IP address. `cancel`, of {@linkcode createCancel}, ends it. */
export type ConnectTo<C extends { close(): void }> = (
  hostname: string,
  port: number,
  cancel: AbortSignal,
) => Promise<C>;

/** Connects a backend to an address, where the runtime isn't to. */
export interface Dialler {
  readonly tcp: ConnectTo<BackendConnection>;
  /** Once; rejects with `WouldBlock` on a full backlog. */
  readonly unix: (address: UnixAddress) => Promise<BackendConnection>;
  /** Connects to an address without a promise; null: it can't. */
  readonly direct?: (address: Address, bounds: ConnectBounds) => Later<DirectOutcome> | null;
  /** Told when what was asked for is the runtime's to go on with. */
  readonly onRuntime?: () => void;
}

/** How long a connect may take, and what ends it before. */
export interface ConnectBounds {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A connection, or why there is none: the time is over, or what the system says. */
export type DirectOutcome =
  | { readonly connection: BackendConnection }
  | { readonly error: unknown }
  | "timeout";

/** Connects to an IP address. `cancel`, of {@linkcode createCancel}, ends the connect and frees its descriptor at once. */
export function connectTo(
  hostname: string,
  port: number,
  cancel: AbortSignal,
): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname, port, signal: cancel }).then(notToItself, (error) => {
    throw connectError(error, hostname);
  });
}

/** What is said of a connect to an IP address that has failed. */
export function connectError(error: unknown, hostname: string): unknown {
  return error instanceof Deno.errors.AddrNotAvailable && isIpv6(hostname) && !hasIpv6()
    ? new Error("this machine has no IPv6 address", { cause: error })
    : error;
}

/**
 * Where nothing listens at a port of this machine that connects come from, one of some ten thousand connects comes from that very port, and
 * meets itself (RFC 9293, section 3.5: simultaneous open).
 */
export class NobodyButItself extends Deno.errors.ConnectionRefused {
  constructor() {
    super("Connection refused: nothing listens there but the connect itself");
  }
}

function notToItself(connection: Deno.TcpConn): Deno.TcpConn {
  const { localAddr, remoteAddr } = connection;
  if (localAddr.port !== remoteAddr.port || localAddr.hostname !== remoteAddr.hostname) {
    return connection;
  }
  connection.close();
  throw new NobodyButItself();
}

export function isIpv6(hostname: string): boolean {
  return hostname.includes(":");
}

/** Without one the system says of a connect what it says when no port is left (EADDRNOTAVAIL). */
function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.AddrNotAvailable);
  }
}

/** None of several addresses has answered; its message says what became of each, and its cause is the error of the first. */
export class NoneAnswered extends Error {}

/** In the order in which they are tried: by turns of either family, beginning with that of the first (RFC 8305, section 4). */
export function interleaved(hostnames: readonly string[]): readonly string[] {
  const isFirstFamily = (hostname: string) => isIpv6(hostname) === isIpv6(hostnames[0]!);
  const others = hostnames.filter((hostname) => !isFirstFamily(hostname));
  const inTurn = hostnames.filter(isFirstFamily).flatMap((hostname) => [
    hostname,
    ...others.splice(0, 1),
  ]);
  return [...inTurn, ...others];
}

/**
 * Connects to the first of the addresses that answers, the next one getting its turn when one fails or takes long. Rejects with
 * {@linkcode NoneAnswered}, or what we lack for it.
 */
export async function firstToConnect<C extends { close(): void }>(
  hostnames: readonly string[],
  port: number,
  signal: AbortSignal,
  connectOne: ConnectTo<C>,
): Promise<C> {
  if (signal.aborted) throw signal.reason;
  const race = createCancel();
  const abort = () => race.abort();
  signal.addEventListener("abort", abort);
  let won = false;
  /** What became of those that were not silent until the end. */
  const told: string[] = [];
  /** The winner stops the others; one that connects all the same closes again. */
  const run = async (hostname: string) => {
    const connection = await connectOne(hostname, port, race.signal).catch((error) => {
      if (!race.signal.aborted) told.push(`${hostname}: ${error.message}`);
      throw error;
    });
    if (won) {
      connection.close();
      throw new DOMException("another address answered first", "AbortError");
    }
    won = true;
    race.abort();
    return connection;
  };
  const attempts: Promise<C>[] = [];
  for (const hostname of hostnames) {
    const attempt = run(hostname);
    attempts.push(attempt);
    await within(attempt, STAGGER_MS);
    if (race.signal.aborted) break;
  }
  try {
    return await Promise.any(attempts);
  } catch (error) {
    const { errors } = error as AggregateError;
    // Of an address that could not be tried for a shortage of ours nothing is known, so neither of the name.
    throw errors.find((one) => connectShortageOf(one) !== null) ??
      new NoneAnswered(told.join("; "), { cause: errors[0] ?? error });
  } finally {
    await Promise.allSettled(attempts);
    signal.removeEventListener("abort", abort);
  }
}

/** A connect to a unix-domain socket never waits: it fails at once, also on a full backlog, where a blocking one would wait. */
export async function connectUnix<C extends BackendConnection>(
  address: UnixAddress,
  signal: AbortSignal,
  connectOnce: (address: UnixAddress) => Promise<C>,
): Promise<C> {
  while (true) {
    if (signal.aborted) throw signal.reason;
    try {
      return await connectOnce(address);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((done) => setTimeout(done, FULL_BACKLOG_PAUSE_MS));
    }
  }
}

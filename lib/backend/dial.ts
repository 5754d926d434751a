/**
 * Connecting to a backend within a deadline.
 *
 * A name is resolved at each connect as the system does (`/etc/hosts`, DNS), and all of its addresses are tried: the next
 * starts when one fails or has not answered for a quarter of a second, IPv6 and IPv4 by turns (RFC 8305). `Deno.connect` does so itself since some
 * version after 2.4.2, which tries the first address alone; done here, it holds for both.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { startDeadline } from "../base/deadline.ts";
import { connectShortageOf } from "../base/exhaustion.ts";
import { Later } from "../base/later.ts";
import { nameProblem } from "../base/name_problem.ts";
import type { DialOutcome } from "../events/event.ts";
import {
  type ConnectTo,
  connectTo,
  connectUnix,
  createCancel,
  type Dialler,
  type DirectOutcome,
  firstToConnect,
  interleaved,
  isIpv6,
  NoneAnswered,
} from "./connect.ts";
import type { BackendConnection } from "./connection.ts";
import { connectFor, startTls, type TlsTerms } from "./tls.ts";
import { readTrust, type TrustFiles } from "./tls_files.ts";
import { writeAll } from "./write_all.ts";

/** A connection, or why there is none. */
export type DialResult =
  | { readonly ok: true; readonly connection: BackendConnection }
  | { readonly ok: false; readonly kind: DialProblem; readonly reason: string };

export type DialProblem = Exclude<DialOutcome, "connected">;

const BY_RUNTIME: Dialler = {
  tcp: connectTo,
  unix: ({ path }) => Deno.connect({ transport: "unix", path }),
};

/** TLS is spoken behind it: where we show a certificate, from the connect on. */
function byTerms(terms: TlsTerms): Dialler {
  return {
    tcp: connectFor(terms),
    unix: () => Promise.reject(new Error("TLS is for a TCP address alone")),
  };
}

const ABORTED: DialResult = { ok: false, kind: "aborted", reason: "aborted" };

/** The IP addresses of a name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

export interface DialOptions {
  /** For all of it, from the lookup of a name on. */
  readonly timeoutMs: number;
  /** Aborted when nobody wants it any more. */
  readonly signal: AbortSignal;
  /** What the backend is told before anything else, as whom the connection is of. */
  readonly header?: Uint8Array | undefined;
  /** Of an address of TCP: TLS is spoken behind that, with the server of this name. */
  readonly tls?: (TrustFiles & { readonly serverName: string }) | undefined;
  /** Who connects to an IP address or a path, where TLS is not spoken. @default the runtime */
  readonly dialler?: Dialler | undefined;
  /** @default the system's */
  readonly lookup?: Lookup | undefined;
}

/** Connects to `address`. Never rejects. */
export function dial(address: Address, options: DialOptions): PromiseLike<DialResult> {
  const { signal, header, tls, dialler } = options;
  if (signal.aborted) return Later.of(ABORTED);
  const isPlain = header === undefined && tls === undefined;
  const connecting = isPlain ? dialler?.direct?.(address, options) ?? null : null;
  return connecting === null
    ? dialByRuntime(address, options)
    : connecting.then((outcome) => resultOf(outcome, options));
}

function resultOf(outcome: DirectOutcome, { signal, timeoutMs }: DialOptions): DialResult {
  const isConnected = outcome !== "timeout" && "connection" in outcome;
  if (isConnected && !signal.aborted) return { ok: true, connection: outcome.connection };
  if (isConnected) outcome.connection.close();
  if (signal.aborted || isConnected) return ABORTED;
  return outcome === "timeout" ? tooLate("answer", timeoutMs) : failed(outcome.error);
}

function tooLate(awaited: string, timeoutMs: number, told = ""): DialResult {
  return {
    ok: false,
    kind: "timeout",
    reason: `no ${awaited} within ${timeoutMs / 1000} s${told}`,
  };
}

/** `error` may be of several addresses; `first` is that of the first one. */
function failed(error: unknown, first = error): DialResult {
  const kind = connectShortageOf(error) ?? (isNobody(first) ? "closed" : "error");
  return { ok: false, kind, reason: nameProblem(error) ?? (error as Error).message };
}

async function dialByRuntime(address: Address, options: DialOptions): Promise<DialResult> {
  const { timeoutMs, signal, header, tls, dialler = BY_RUNTIME, lookup = lookUp } = options;
  const attempt = createCancel();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort);
  const cancel = startDeadline(timeoutMs, abort);
  let awaited = "answer";
  try {
    const terms = tls === undefined ? null : { serverName: tls.serverName, ...readTrust(tls) };
    const connected = await connect(
      address,
      attempt.signal,
      lookup,
      terms === null ? dialler : byTerms(terms),
    );
    if (header !== undefined) await writeFirst(connected, header);
    if (terms !== null) awaited = "end of the TLS handshake";
    const connection = terms === null
      ? connected
      : await startTls(connected as Deno.TcpConn | Deno.TlsConn, terms, attempt.signal);
    if (!signal.aborted) return { ok: true, connection };
    connection.close();
    return ABORTED;
  } catch (error) {
    if (signal.aborted) return ABORTED;
    if (attempt.signal.aborted) {
      const told = error instanceof NoneAnswered && error.message !== ""
        ? `; ${error.message}`
        : "";
      return tooLate(awaited, timeoutMs, told);
    }
    return failed(error, error instanceof NoneAnswered ? error.cause : error);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

/** A little goes into a connection that is new, whether or not its peer reads. */
async function writeFirst(connection: BackendConnection, bytes: Uint8Array): Promise<void> {
  try {
    await writeAll(connection, bytes);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function isNobody(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound;
}

/** How long a lookup is shared: one that takes longer may hang on a name server that has died, while others answer. */
const SHARED_MS = 8_000;

/**
 * Makes a lookup of which one at a time runs for a name; who asks meanwhile gets its answer, too. It can't be cancelled and
 * holds one of the runtime's few threads: while the name server is dead, one for each request would soon hold them all,
 * and other names, files and the log would wait as well.
 */
export function shareLookups(lookup: Lookup, sharedMs: number = SHARED_MS): Lookup {
  const underWay = new Map<string, { answer: Promise<readonly string[]>; startedAt: number }>();
  return (hostname) => {
    const running = underWay.get(hostname);
    const now = performance.now();
    if (running !== undefined && now - running.startedAt < sharedMs) return running.answer;
    const answer = lookup(hostname).finally(() => {
      if (underWay.get(hostname)?.answer === answer) underWay.delete(hostname);
    });
    underWay.set(hostname, { answer, startedAt: now });
    return answer;
  };
}

/** Asks the system, as often as names are connected. */
export const lookUp = shareLookups(askSystem);

/** In the system's order of preference. */
async function askSystem(hostname: string): Promise<readonly string[]> {
  // Only where a name is used: it costs 2.4.2 a warning about a deprecated module.
  const dns = await import("node:dns/promises");
  const found = await dns.lookup(hostname, { all: true, verbatim: true });
  return [...new Set(found.map(({ address }) => address))];
}

async function connect(
  address: Address,
  cancel: AbortSignal,
  lookup: Lookup,
  dialler: Dialler,
): Promise<BackendConnection> {
  if (address.transport === "unix") return await connectUnix(address, cancel, dialler.unix);
  const { hostname, port } = address;
  const connection = isIpAddress(hostname)
    ? await dialler.tcp(hostname, port, cancel)
    : await connectByName(hostname, port, cancel, lookup, dialler.tcp);
  return "setNoDelay" in connection ? prepared(connection as Deno.TcpConn) : connection;
}

function isIpAddress(hostname: string): boolean {
  return isIpv6(hostname) || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}

async function connectByName<C extends BackendConnection>(
  name: string,
  port: number,
  cancel: AbortSignal,
  lookup: Lookup,
  connectOne: ConnectTo<C>,
): Promise<C> {
  const hostnames = await unlessAborted(lookup(name), cancel);
  return hostnames.length === 1
    ? await connectOne(hostnames[0]!, port, cancel)
    : await firstToConnect(interleaved(hostnames), port, cancel, connectOne);
}

function prepared(connection: Deno.TcpConn): Deno.TcpConn {
  try {
    connection.setNoDelay();
    // Without a read timeout it is what finds a host that has vanished; after two hours, unless the system is told otherwise.
    connection.setKeepAlive(true);
    return connection;
  } catch (error) {
    // Some systems refuse that where the peer has reset it already.
    connection.close();
    throw error;
  }
}

/** A lookup can't be cancelled; it is left to end by itself. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

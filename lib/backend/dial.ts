/**
 * Connecting to a backend within a deadline.
 *
 * A name is resolved at each connect as the system does (`/etc/hosts`, DNS), and all of its addresses are tried: the next
 * starts when one fails or has not answered for {@linkcode STAGGER_MS} (RFC 8305). `Deno.connect` does so itself since some
 * version after 2.4.2, which tries the first address alone; done here, it holds for both.
 *
 * @module
 */
import type { Address, TcpAddress, UnixAddress } from "../base/address.ts";
import { isExhaustion } from "../base/exhaustion.ts";
import { within } from "../base/within.ts";
import type { BackendConnection } from "./connection.ts";

/** How long an address may keep the next one waiting (RFC 8305, section 5). */
export const STAGGER_MS = 250;

/** Pause before a unix-domain socket whose backlog is full is tried again. */
const FULL_BACKLOG_PAUSE_MS = 20;

/** A connection, or why there is none. */
export type DialResult =
  | { readonly ok: true; readonly connection: BackendConnection }
  | { readonly ok: false; readonly kind: DialProblem; readonly reason: string };

/**
 * - `closed`: nothing listens there
 * - `timeout`: no answer in time
 * - `aborted`: the signal was aborted first
 * - `exhausted`: we have no descriptor left, which says nothing of the address
 * - `error`: anything else, such as a name that is not known
 */
export type DialProblem = "closed" | "timeout" | "aborted" | "exhausted" | "error";

/** The IP addresses of a name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** Connects to `address`. Never rejects. */
export async function dial(
  address: Address,
  timeoutMs: number,
  signal: AbortSignal,
  lookup: Lookup = lookUp,
): Promise<DialResult> {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  const timer = setTimeout(abort, timeoutMs);
  try {
    const connection = address.transport === "unix"
      ? await connectUnix(address, attempt.signal)
      : await connectTcp(address, attempt.signal, lookup);
    return { ok: true, connection };
  } catch (error) {
    if (signal.aborted) return { ok: false, kind: "aborted", reason: "aborted" };
    if (attempt.signal.aborted) {
      return { ok: false, kind: "timeout", reason: `no answer within ${timeoutMs / 1000} s` };
    }
    const kind = isNobody(error) ? "closed" : isExhaustion(error) ? "exhausted" : "error";
    return { ok: false, kind, reason: (error as Error).message };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
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

const lookUp = shareLookups(askSystem);

/** In the system's order of preference. */
async function askSystem(hostname: string): Promise<readonly string[]> {
  // Only where a name is used: it costs 2.4.2 a warning about a deprecated module.
  const dns = await import("node:dns/promises");
  const found = await dns.lookup(hostname, { all: true, verbatim: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** The IP addresses of a name; an IP address is its own. */
async function resolve(hostname: string, lookup: Lookup): Promise<readonly string[]> {
  if (hostname.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(hostname)) return [hostname];
  return await lookup(hostname);
}

async function connectTcp(
  { hostname, port }: TcpAddress,
  signal: AbortSignal,
  lookup: Lookup,
): Promise<Deno.TcpConn> {
  // Before the lookup starts: nobody would handle its failure.
  signal.throwIfAborted();
  const hostnames = await unlessAborted(resolve(hostname, lookup), signal);
  const connection = hostnames.length === 1
    ? await Deno.connect({ hostname: hostnames[0]!, port, signal })
    : await firstToConnect(hostnames, port, signal);
  connection.setNoDelay();
  // Without a read timeout it is what finds a host that has vanished; after two hours, unless the system is told otherwise.
  connection.setKeepAlive(true);
  return connection;
}

/** Connects to the first of the addresses that answers, the next one getting its turn when one fails or takes long. */
export async function firstToConnect(
  hostnames: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  signal.throwIfAborted();
  const race = new AbortController();
  const abort = () => race.abort();
  signal.addEventListener("abort", abort);
  const attempts: Promise<Deno.TcpConn>[] = [];
  for (const hostname of hostnames) {
    const attempt = connectInRace(hostname, port, race);
    attempts.push(attempt);
    await within(attempt, STAGGER_MS);
    if (race.signal.aborted) break;
  }
  try {
    return await Promise.any(attempts);
  } catch (error) {
    throw (error as AggregateError).errors[0] ?? error;
  } finally {
    await Promise.allSettled(attempts);
    signal.removeEventListener("abort", abort);
  }
}

/** The winner stops the others; one that connects too late closes again. */
async function connectInRace(
  hostname: string,
  port: number,
  race: AbortController,
): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port, signal: race.signal });
  if (race.signal.aborted) {
    connection.close();
    throw new DOMException("another address answered first", "AbortError");
  }
  race.abort();
  return connection;
}

/** A connect to a unix-domain socket never waits: it fails at once, also on a full backlog, where a blocking one would wait. */
async function connectUnix(address: UnixAddress, signal: AbortSignal): Promise<Deno.UnixConn> {
  while (true) {
    signal.throwIfAborted();
    try {
      return await Deno.connect({ transport: "unix", path: address.path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((done) => setTimeout(done, FULL_BACKLOG_PAUSE_MS));
    }
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

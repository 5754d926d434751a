/**
 * TLS to a backend, over a TCP connection that is there already: its writes are sent at once, and what a backend is told in front of TLS
 * has been. The certificate is verified always.
 *
 * By `Deno.startTls`, not `node:tls`, measured on 2.9.6: there whoever knows a CA's name passes for any of its servers, by a certificate of version 1
 * of X.509 that names it as the issuer and is signed by nobody. What it lacks is a way to leave the runtime's own roots out.
 *
 * @module
 */
import { closeQuietly } from "../base/close_quietly.ts";
import { within } from "../base/within.ts";
import { cutOff, descriptorsFound, sendAtOnce } from "../sys/tcp_descriptor.ts";
import { type ConnectTo, connectTo } from "./connect.ts";
import type { BackendConnection } from "./connection.ts";
import { tlsFailure } from "./tls_failure.ts";
import type { Trust } from "./tls_files.ts";

/** What TLS is spoken with to one host. */
export interface TlsTerms extends Trust {
  /** The name, or the IP address, that the certificate must be for; a name is told to the backend (SNI). */
  readonly serverName: string;
}

/** How long a closed connection may take to send its last bytes, which its tunnel has waited for before. */
const LAST_BYTES_MS = 15_000;

/** Those that still send their last bytes. */
const closing = new Set<Promise<void>>();

/** Resolves once what is closed has sent its last bytes, or has had the time to and is cut off. */
export async function tlsClosed(): Promise<void> {
  await Promise.all(closing);
  await descriptorsFound();
}

/**
 * What connects to speak TLS. Where we show a certificate, the runtime begins TLS as it connects: it can't be stopped before it has, which the system
 * gives up after two minutes, and it leaves small writes waiting for each other unless its descriptor is found.
 */
export function connectFor(terms: TlsTerms): ConnectTo<Deno.TcpConn | Deno.TlsConn> {
  const { identity } = terms;
  if (identity === null) return connectTo;
  return async (hostname, port, cancel) => {
    const options = { hostname, port, caCerts: [...terms.roots], ...identity };
    const connecting = Deno.connectTls(withServerName(options, terms.serverName));
    const connection = await untilAborted(connecting, cancel);
    sendAtOnce(...endsOf(connection));
    return connection;
  };
}

/** Beside an address the name has no documented place, only this one of the runtime's tests. Without it the address itself would have to be in the certificate. */
function withServerName<T extends object>(options: T, name: string): T {
  return { ...options, [Symbol.for("unstableServerName")]: hostnameOf(name) };
}

/** Without the zone of an IPv6 address. */
function hostnameOf(serverName: string): string {
  return serverName.replace(/%.*$/, "");
}

/** Waits no longer than that; a connection that comes later is dropped. */
async function untilAborted(
  connecting: Promise<Deno.TlsConn>,
  cancel: AbortSignal,
): Promise<Deno.TlsConn> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(cancel.reason);
  if (cancel.aborted) abort();
  cancel.addEventListener("abort", abort);
  try {
    return await Promise.race([connecting, aborted]);
  } catch (error) {
    connecting.then(drop, () => {});
    throw error;
  } finally {
    cancel.removeEventListener("abort", abort);
  }
}

/** Takes a connection of {@linkcode connectFor} over, whatever comes of it. Rejects with what is wrong, in words. */
export async function startTls(
  connection: Deno.TcpConn | Deno.TlsConn,
  terms: TlsTerms,
  cancel: AbortSignal,
): Promise<BackendConnection> {
  const started = "handshake" in connection ? connection : await begin(connection, terms);
  const leave = () => drop(started);
  if (cancel.aborted) leave();
  cancel.addEventListener("abort", leave);
  try {
    await started.handshake();
    // It was aborted, and dropped, in the turn in which that ended.
    if (cancel.aborted) throw cancel.reason;
    return new TlsConnection(started);
  } catch (error) {
    // Where it has failed by itself nothing of it goes on.
    closeQuietly(started);
    throw new Error(tlsFailure((error as Error).message), { cause: error });
  } finally {
    cancel.removeEventListener("abort", leave);
  }
}

async function begin(
  connection: Deno.TcpConn,
  { serverName, roots }: TlsTerms,
): Promise<Deno.TlsConn> {
  try {
    const hostname = hostnameOf(serverName);
    return await Deno.startTls(connection, { hostname, caCerts: [...roots] });
  } catch (error) {
    closeQuietly(connection);
    throw new Error(`TLS can't be begun: ${(error as Error).message}`, { cause: error });
  }
}

/** The runtime goes on with a handshake, and with bytes to be sent, for as long as the backend likes: so the connection is ended under it. */
function drop(connection: Deno.TlsConn): void {
  cutOff(...endsOf(connection));
  closeQuietly(connection);
}

function endsOf({ localAddr, remoteAddr }: Deno.TlsConn): [Deno.NetAddr, Deno.NetAddr] {
  return [localAddr as Deno.NetAddr, remoteAddr as Deno.NetAddr];
}

class TlsConnection implements BackendConnection {
  readonly #inner: Deno.TlsConn;
  #closed = false;

  constructor(inner: Deno.TlsConn) {
    this.#inner = inner;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#inner.read(buffer);
  }

  write(buffer: Uint8Array): Promise<number> {
    return this.#inner.write(buffer);
  }

  closeWrite(): Promise<void> {
    return this.#inner.closeWrite();
  }

  /** What was written may still be with the runtime, which tells of it by the end of the stream that it sends behind. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closed = this.#end().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  async #end(): Promise<void> {
    const isSent = await within(this.#inner.closeWrite(), LAST_BYTES_MS);
    if (isSent) closeQuietly(this.#inner);
    else drop(this.#inner);
  }
}

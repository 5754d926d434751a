/**
 * TLS to a backend, over a TCP connection that is there already: its writes are sent at once, and what a backend is told in front of TLS
 * has been. The certificate is verified always.
 *
 * By `Deno.startTls`, not `node:tls`, measured on 2.9.6: there whoever knows a CA's name passes for any of its servers, by a certificate of version 1
 * of X.509 that names it as the issuer and is signed by nobody. What it lacks is a way to leave the runtime's own roots out.
 *
 * @module
 */
import { within } from "../base/within.ts";
import { cutOff } from "../sys/tcp_descriptor.ts";
import type { BackendConnection } from "./connection.ts";
import { tlsFailure } from "./tls_failure.ts";

export interface TlsDial {
  /** The name, or the IP address, that the certificate must be for; a name is told to the backend (SNI). */
  readonly serverName: string;
  /** Files with certificates of CAs that are trusted besides the runtime's, as PEM. */
  readonly ca: readonly string[];
}

/** How long a closed connection may take to send its last bytes; as long as the system's own wait for a tunnel's end. */
const LAST_BYTES_MS = 15_000;

/** Those that still send their last bytes. */
const closing = new Set<Promise<void>>();

/** Resolves once what is closed has sent its last bytes, or has had the time to. */
export async function tlsClosed(): Promise<void> {
  await Promise.all(closing);
}

/**
 * Takes the connection over, whatever comes of it. `roots` are what the files of the CAs hold. Rejects with what is wrong, in words.
 */
export async function startTls(
  connection: Deno.TcpConn,
  serverName: string,
  roots: string[],
  cancel: AbortSignal,
): Promise<BackendConnection> {
  const started = await begin(connection, serverName.replace(/%.*$/, ""), roots);
  const leave = () => drop(started);
  if (cancel.aborted) leave();
  cancel.addEventListener("abort", leave);
  try {
    await started.handshake();
    // It was aborted in the turn in which that ended.
    if (cancel.aborted) throw cancel.reason;
    return new TlsConnection(started);
  } catch (error) {
    drop(started);
    throw new Error(tlsFailure((error as Error).message), { cause: error });
  } finally {
    cancel.removeEventListener("abort", leave);
  }
}

async function begin(
  connection: Deno.TcpConn,
  hostname: string,
  caCerts: string[],
): Promise<Deno.TlsConn> {
  try {
    return await Deno.startTls(connection, { hostname, caCerts });
  } catch (error) {
    closeQuietly(connection);
    throw new Error(`TLS can't be begun: ${(error as Error).message}`, { cause: error });
  }
}

/** The runtime goes on with a handshake, and with bytes to be sent, for as long as the backend likes: so the connection is ended under it. */
function drop(connection: Deno.TlsConn): void {
  cutOff(connection.localAddr as Deno.NetAddr, connection.remoteAddr as Deno.NetAddr);
  closeQuietly(connection);
}

function closeQuietly(connection: Deno.TcpConn | Deno.TlsConn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
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

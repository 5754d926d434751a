/**
 * What the runtime's sockets of `node:net` and `node:tls` have no public way to; by the names that Node.js has for it as well, of Deno 2.9.6.
 *
 * @module
 */
import type { Server, Socket } from "node:net";

/** The system's socket as the runtime has it. */
interface Handle {
  readStart?(): number;
  readStop?(): number;
  listen?(backlog: number): number;
  verifyError?(): unknown;
  onread?: (this: Handle, bytes: unknown) => void;
}

function handleOf(socket: Server | Socket): Handle | null {
  return (socket as unknown as { readonly _handle: Handle | null })._handle;
}

/**
 * Has a TCP socket read no further, or go on. Its `pause()` and `resume()` go by a mark that it shares with the TLS over it, which sets that
 * for its own ends: the socket would read on, or never again.
 */
export function setReading(tcp: Socket, reads: boolean): void {
  const handle = handleOf(tcp);
  if (reads) handle?.readStart?.();
  else handle?.readStop?.();
}

/**
 * Has what is read from a TCP socket given back as soon as TLS has taken it, which copies it: it comes in memory of its own each time, and the
 * collector is in no hurry. To be called when TLS has been put over it, and has yet to begin.
 */
export function giveBackWhatIsRead(tcp: Socket): void {
  const handle = handleOf(tcp);
  const onRead = handle?.onread;
  if (handle === null || onRead === undefined) return;
  handle.onread = function (bytes) {
    onRead.call(this, bytes);
    if (bytes instanceof ArrayBuffer) bytes.transfer(0);
  };
}

/** As the runtime has it. */
const BACKLOG = 511;

/**
 * Has a listener look for connections: it gives up without a word at the first one that it can't accept, as with no descriptor left. To one that
 * listens, to listen means no more than that.
 */
export function lookForConnections(server: Server): void {
  handleOf(server)?.listen?.(BACKLOG);
}

/**
 * What was wrong with a client's certificate; empty: nothing. It is public for a `tls.Server` alone, which would shake hands before anybody
 * has seen the connection.
 */
export function verdictOf(secure: Socket): string {
  const verdict = handleOf(secure)?.verifyError?.();
  return typeof verdict === "string" ? verdict : "it can't be told whether it was verified";
}

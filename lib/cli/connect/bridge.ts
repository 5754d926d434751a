/**
 * A stream as a TCP connection of this machine: the runtime speaks TLS over nothing else, and so neither over TLS itself nor over what
 * has been read already. Bytes go through one connection of 127.0.0.1 to ourselves, which nobody else can take: it is known by its port.
 *
 * @module
 */
import type { BackendConnection } from "../../backend/connection.ts";
import { writeAll } from "../../backend/write_all.ts";
import { closeQuietly } from "../../base/close_quietly.ts";
import { within } from "../../base/within.ts";

/** This end, and the port that it comes from. */
export interface Near<C> {
  readonly connection: C;
  readonly port: number;
  close(): void;
}

export interface Bridge<C> {
  readonly near: C;
  /** What is spoken over it: its close closes the stream as well, once all is out. */
  carry(connection: BackendConnection): BackendConnection;
  /** Closes it all, once what was written is out. */
  release(): void;
}

const HOST = "127.0.0.1";

const BUFFER_BYTES = 64 * 1024;

/** How long a stream may take to send its last bytes. */
const LAST_BYTES_MS = 15_000;

/** Those that still send their last bytes. */
const closing = new Set<Promise<unknown>>();

/** Resolves once what is released has sent its last bytes, or has had the time to. */
export async function bridgesClosed(): Promise<void> {
  await Promise.all(closing);
}

/** Takes `far` over where it succeeds; `connect` opens this end. */
export async function layBridge<C>(
  far: BackendConnection,
  connect: (hostname: string, port: number) => Promise<Near<C>>,
): Promise<Bridge<C>> {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  const near = await connect(HOST, listener.addr.port);
  const middle = await acceptFrom(listener, near.port).catch((error) => {
    near.close();
    throw error;
  });
  middle.setNoDelay();
  const outward = pump(middle, far);
  const close = () => {
    closeQuietly(middle);
    closeQuietly(far);
  };
  Promise.all([outward, pump(far, middle)]).then(close, close);
  const release = () => {
    const out = within(outward, LAST_BYTES_MS).then(close).finally(() => closing.delete(out));
    closing.add(out);
  };
  return {
    near: near.connection,
    carry: (inner) => ({
      read: (buffer) => inner.read(buffer),
      write: (bytes) => inner.write(bytes),
      closeWrite: () => inner.closeWrite(),
      close() {
        inner.close();
        release();
      },
    }),
    release,
  };
}

/** Whoever else connects meanwhile is sent away. */
async function acceptFrom(listener: Deno.TcpListener, port: number): Promise<Deno.TcpConn> {
  for (;;) {
    const connection = await listener.accept();
    if (connection.remoteAddr.port === port) return connection;
    connection.close();
  }
}

/** Carries bytes until the stream ends, and its end as well. */
async function pump(from: BackendConnection, to: BackendConnection): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return await to.closeWrite();
    await writeAll(to, buffer.subarray(0, count));
  }
}

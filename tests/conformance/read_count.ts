/** Counts what a server in this process reads, so that a test can write the next piece once the last one has been read. */
import { inTime } from "../support/eventually.ts";

export interface ReadCount {
  /** Runs what listens; the connections of its listeners are counted. */
  over<T>(listen: () => T): T;
  /** Waits until the server has read so many bytes of a client's, and with that asks for what comes next. */
  reached(client: Deno.Conn, count: number): Promise<void>;
}

interface Counted {
  bytes: number;
  awaited: number;
  onReached: () => void;
}

export function createReadCount(): ReadCount {
  /** By the client's port; a client may wait before the server has accepted it. */
  const clients = new Map<number, Counted>();
  const of = (port: number) => {
    const counted = clients.get(port) ?? { bytes: 0, awaited: Infinity, onReached: () => {} };
    clients.set(port, counted);
    return counted;
  };
  const count = (connection: Deno.TcpConn) => {
    const counted = of(connection.remoteAddr.port);
    counted.bytes = 0;
    const read = connection.read.bind(connection);
    connection.read = async (buffer) => {
      const length = await read(buffer);
      counted.bytes += length ?? 0;
      if (counted.bytes >= counted.awaited) counted.onReached();
      return length;
    };
    return connection;
  };
  return {
    over(run) {
      const original = Deno.listen;
      // The engine makes its own listener: the runtime's is the only place to see what it reads.
      Deno.listen = ((options: Deno.TcpListenOptions) => {
        const listener = original(options);
        const accept = listener.accept.bind(listener);
        listener.accept = async () => count(await accept());
        return listener;
      }) as typeof Deno.listen;
      try {
        return run();
      } finally {
        Deno.listen = original;
      }
    },
    async reached(client, bytes) {
      const counted = of((client.localAddr as Deno.NetAddr).port);
      if (counted.bytes >= bytes) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      counted.awaited = bytes;
      counted.onReached = resolve;
      await inTime(`${bytes} bytes to be read`, promise, resolve);
    },
  };
}

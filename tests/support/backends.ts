/** Small backends on real sockets, which do what a test tells them to. */
import type { Certified } from "./certificates.ts";
import { closeQuietly, createReader, type Reader, writeAll } from "./connection.ts";
import { eventually, inTime } from "./eventually.ts";

/** A connection that a backend has taken. */
export interface Taken {
  readonly connection: Deno.Conn;
  readonly reader: Reader;
  write(bytes: Uint8Array | string): Promise<void>;
  /** Sends a FIN and goes on reading. */
  closeWrite(): Promise<void>;
  close(): void;
}

/** A listening socket whose connections the test speaks with itself. */
export interface Backend extends AsyncDisposable {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  /** How many connections it has had. */
  readonly count: number;
  /** The next connection, in the order they came. */
  take(): Promise<Taken>;
  /** Stops listening and drops every connection. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where a backend listens, and the certificate that it speaks TLS by. */
export interface BackendPlace {
  readonly path?: string;
  readonly port?: number;
  readonly tls?: Certified;
}

/** Listens on a free port of 127.0.0.1, where another may follow it, or at the port or the unix socket path given. */
export function openBackend(at: BackendPlace = {}): Backend {
  return listen(at, null);
}

/** Like {@linkcode openBackend}, and every connection is served by `serve`, after which it is closed. */
export function serveBackend(
  serve: (taken: Taken) => Promise<void>,
  at: BackendPlace = {},
): Backend {
  return listen(at, serve);
}

/** Sends back what it gets, and ends when its client does. */
export async function echo({ reader, write }: Taken): Promise<void> {
  for (let bytes; (bytes = await reader.some("bytes to echo")) !== null;) await write(bytes);
}

function listen(
  { path, port, tls }: BackendPlace,
  serve: ((taken: Taken) => Promise<void>) | null,
): Backend {
  const hostname = "127.0.0.1";
  const listenAt = (port: number): Deno.Listener =>
    tls !== undefined
      ? Deno.listenTls({ hostname, port, ...readPem(tls) })
      : Deno.listen({ hostname, port });
  const listener = path !== undefined
    ? Deno.listen({ transport: "unix", path })
    : port === undefined
    ? listenOnOwnPort(listenAt)
    : listenAgain(() => listenAt(port));
  const connections = new Set<Deno.Conn>();
  const waiting: Taken[] = [];
  const serving = new Set<Promise<void>>();
  let count = 0;
  const accept = async () => {
    for await (const connection of listener) {
      count++;
      connections.add(connection);
      if ("setNoDelay" in connection) (connection as Deno.TcpConn).setNoDelay();
      const taken = toTaken(connection);
      if (serve === null) {
        waiting.push(taken);
        continue;
      }
      // A peer that is gone, or the end of the test: no failure of the backend's.
      const served = serve(taken).catch(() => {}).finally(() => {
        closeQuietly(connection);
        serving.delete(served);
      });
      serving.add(served);
    }
  };
  const accepting = accept();
  return {
    address: listener.addr.transport === "tcp" ? `127.0.0.1:${listener.addr.port}` : `unix:${path}`,
    get count() {
      return count;
    },
    async take() {
      await eventually("a connection to the backend", () => waiting.length > 0);
      return waiting.shift()!;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      connections.forEach(closeQuietly);
      await Promise.all([accepting, ...serving]);
    },
  };
}

function readPem({ cert, key }: Certified): { cert: string; key: string } {
  return { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
}

function toTaken(connection: Deno.Conn): Taken {
  const reader = createReader(connection);
  return {
    connection,
    reader,
    write: (bytes) =>
      writeAll(connection, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => closeQuietly(connection),
  };
}

/** Ports that the system gives to nobody by itself, where that is as on most: the first, and how many. */
const OWN_PORTS = { from: 20_000, count: 10_000 };

/**
 * Listens at a port of its choice that nobody gets who connects or listens elsewhere once it is free again: the system's own choice would be among
 * those that it gives to others next.
 */
export function listenOnOwnPort<L>(listenAt: (port: number) => L): L {
  for (;;) {
    const port = OWN_PORTS.from + Math.floor(Math.random() * OWN_PORTS.count);
    try {
      return listenAt(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** A port of 127.0.0.1 that nobody listens on, as {@linkcode listenOnOwnPort} finds one. */
export function freePort(): number {
  const listener = listenOnOwnPort((port) => Deno.listen({ hostname: "127.0.0.1", port }));
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** A pause of this thread, and how many of them there are at most. */
const PAUSES = { ms: 2, count: 1000 };

/**
 * Listens where a listener of this process may just have been closed: a program that was being started in that moment has its socket until it is
 * under way, so that the port is in use for milliseconds more.
 */
export function listenAgain<L>(listen: () => L): L {
  const nobodyWakesUs = new Int32Array(new SharedArrayBuffer(4));
  for (let pauses = 0;; pauses++) {
    try {
      return listen();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || pauses === PAUSES.count) throw error;
      Atomics.wait(nobodyWakesUs, 0, 0, PAUSES.ms);
    }
  }
}

/** Where a connect gets no answer: a listener that takes nobody, with its backlog full. */
export interface SilentAddress extends Disposable {
  readonly address: string;
  /** Waits until somebody tries to connect. */
  tried(): Promise<void>;
  /** Makes room in the backlog: a connect under way succeeds at its next try, which is the system's. */
  makeRoom(): Promise<void>;
}

/** A listener with its backlog full, and what fills it: the kernel drops what else comes. */
export async function listenFull(): Promise<[Deno.TcpListener, Deno.Conn[]]> {
  // The system keeps one more.
  const tcpBacklog = 1;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog });
  const { port } = listener.addr;
  const connections: Deno.Conn[] = [];
  while (waitingAt(port) <= tcpBacklog) {
    connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  }
  return [listener, connections];
}

/** How many connections wait to be accepted at a port: of a listener, state LISTEN, the second queue of proc_net_tcp(5). */
function waitingAt(port: number): number {
  const listening = new RegExp(`:${hexPort(port)} 0{8}:0000 0A \\w{8}:(\\w{8})`);
  return parseInt(listening.exec(Deno.readTextFileSync("/proc/net/tcp"))![1]!, 16);
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** Listens where a connect gets no answer, by {@linkcode listenFull}. */
export async function listenSilently(): Promise<SilentAddress> {
  const [listener, connections] = await listenFull();
  const { port } = listener.addr;
  return {
    address: `127.0.0.1:${port}`,
    async tried() {
      await eventually("a connect under way", () => connectIsUnderWay(port));
    },
    async makeRoom() {
      const waiting = connections.length;
      for (let count = 0; count < waiting; count++) {
        connections.push(await inTime("its backlog", listener.accept(), () => listener.close()));
      }
    },
    [Symbol.dispose]() {
      closeQuietly(listener);
      connections.forEach(closeQuietly);
    },
  };
}

/** Whether a socket to the port waits for an answer: state SYN_SENT of proc_net_tcp(5). */
function connectIsUnderWay(port: number): boolean {
  const remote = `:${hexPort(port)} 02 `;
  return Deno.readTextFileSync("/proc/net/tcp").includes(remote);
}

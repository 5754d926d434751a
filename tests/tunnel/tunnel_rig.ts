/** A tunnel between two real TCP connections, and both far ends of it. */
import type { BackendConnection } from "../../lib/backend/connection.ts";
import { StreamTransport } from "../../lib/engine/stream_transport.ts";
import { StreamTunnel } from "../../lib/engine/stream_tunnel.ts";
import type { Cause, TunnelEnd } from "../../lib/tunnel/cause.ts";
import { createSocketDiag } from "../../lib/sys/socket_diag.ts";
import { HIGH_WATER_BYTES } from "../../lib/tunnel/tunnel_options.ts";
import type { TunnelOptions } from "../../lib/tunnel/tunnel_options.ts";
import { Opcode } from "../support/raw_client.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { createSockets } from "../support/sockets.ts";
import { connectPair, type FarEnd } from "../support/connection_pair.ts";
import { type FramedEnd, framedEnd } from "./framed_end.ts";

/** What a test sees of a client's end besides the wire. */
export interface ClientSpy {
  /** What it was closed with. */
  told: { readonly code: number; readonly reason: string } | null;
  pings: number;
}

export interface Flow {
  readonly upBytes: number;
  readonly downBytes: number;
  /** The backend has yet to take what the client sent. */
  readonly upWaits: boolean;
}

export interface RunningTunnel {
  end(cause: Cause): void;
  readonly ended: Promise<TunnelEnd>;
}

export interface Rig {
  readonly tunnel: RunningTunnel;
  readonly socket: ClientSpy;
  readonly flow: Flow;
  readonly client: FramedEnd;
  readonly backend: FarEnd;
  /** Reads of the backend that are under way, and those that brought something. */
  readonly readsUnderWay: () => number;
  readonly readsDone: () => number;
  /** The client has sent more than the backend and the tunnel have room for: it is read no further. */
  readonly upIsFull: () => boolean;
  /** From now on the backend takes nothing, as one that is full. */
  stallBackend(): void;
  /** Lets time pass, for the tunnel: its clock stands still otherwise. */
  pass(ms: number): void;
}

/** What may be set; times are off and frames binary unless they are. */
export type RigOptions = Partial<Omit<TunnelOptions, "now" | "listener">>;

/** No Pings, no limits, no half-close. */
export const NOTHING_TIMED = {
  pingIntervalMs: 0,
  readTimeoutMs: 0,
  writeTimeoutMs: 0,
  idleTimeoutMs: 0,
  maxLifetimeMs: 0,
  tcpFinPropagate: false,
  backendLingerMs: 2_000,
} as const;

const TICK_MS = 5;

/** More than any wait of a tunnel's for one who does nothing. */
export const A_WHILE_MS = 31_000;

/** Runs a tunnel over two connections, by a clock that stands still but for `pass()`. */
export function runTunnel(
  client: Deno.TcpConn,
  backend: BackendConnection,
  options: RigOptions = {},
  buffers = plainBuffers(16 * 1024),
) {
  const over = Promise.withResolvers<TunnelEnd>();
  const released = Promise.withResolvers<void>();
  let nowMs = 0;
  const timer = setInterval(() => tick(), TICK_MS);
  const shared = { buffers, breather: NO_BREATHER };
  const { encoding = "binary" } = options;
  const running = new StreamTunnel(
    new StreamTransport(client, shared),
    new StreamTransport(backend, shared),
    {
      ...NOTHING_TIMED,
      ...options,
      encoding,
      role: "server",
      frameType: encoding === "binary" ? "binary" : "text",
      onFrame: null,
      now: () => nowMs,
      listener: {
        tunnelOver: over.resolve,
        tunnelReleased() {
          clearInterval(timer);
          released.resolve();
        },
      },
    },
  );
  const tick = () => running.tick(nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
    tick();
  };
  const tunnel = { end: (cause: Cause) => running.machine.end(cause), ended: over.promise };
  return { tunnel, running, buffers, pass, released: released.promise };
}

/** Runs `test` over a tunnel; afterwards ends what is left of it. */
export async function withTunnel(
  options: RigOptions,
  test: (rig: Rig) => Promise<void>,
): Promise<void> {
  const [clientPair, backendPair] = [await connectPair(), await connectPair()];
  const { connection, ...rest } = watched(backendPair.near);
  const { tunnel, running, pass, released } = runTunnel(clientPair.near, connection, options);
  const { machine } = running;
  const flow: Flow = {
    get upBytes() {
      return machine.upBytes;
    },
    get downBytes() {
      return machine.downBytes;
    },
    get upWaits() {
      return machine.upWaits;
    },
  };
  const client = framedEnd(clientPair.far, Opcode.BINARY);
  const diag = createSocketDiag();
  const { localAddr, remoteAddr } = backendPair.near;
  const backendIsFull = createSockets(diag).isFull.bind(null, {
    localAddr: remoteAddr,
    remoteAddr: localAddr,
  });
  const upIsFull = () => machine.upHeld > HIGH_WATER_BYTES && backendIsFull();
  const backend = backendPair.far;
  try {
    await test({ tunnel, socket: spyOn(running), flow, client, backend, pass, upIsFull, ...rest });
  } finally {
    tunnel.end("shutdown");
    for (let waits = 0; waits < 4; waits++) pass(A_WHILE_MS);
    await Promise.all([client.close(), backend.close(), tunnel.ended, released]);
    diag.close();
  }
}

/** What the machine does with its client, seen as it does it. */
export function spyOn({ endpoint }: StreamTunnel): ClientSpy {
  const seen: ClientSpy = { told: null, pings: 0 };
  const { close, ping } = endpoint;
  endpoint.close = (code, reason) => {
    seen.told ??= { code, reason };
    close.call(endpoint, code, reason);
  };
  endpoint.ping = () => {
    seen.pings++;
    ping.call(endpoint);
  };
  return seen;
}

/** A connection whose reads are counted, and that can be made to take nothing. */
function watched(near: Deno.TcpConn) {
  let underWay = 0;
  let done = 0;
  let stalled = false;
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  const connection: BackendConnection = {
    async read(buffer) {
      underWay++;
      try {
        return await near.read(buffer);
      } finally {
        underWay--;
        done++;
      }
    },
    write: (buffer) => stalled ? closed.promise : near.write(buffer),
    closeWrite: () => near.closeWrite(),
    close() {
      // As the runtime does it.
      closed.reject(new Deno.errors.Interrupted("operation canceled"));
      near.close();
    },
  };
  const stallBackend = () => {
    stalled = true;
  };
  return { connection, stallBackend, readsUnderWay: () => underWay, readsDone: () => done };
}

/** A tunnel between two real TCP connections, and both far ends of it. */
import type { BackendConnection } from "../../lib/backend/connection.ts";
import { createFlow, type Flow } from "../../lib/tunnel/pump.ts";
import { startTunnel, type Tunnel, type TunnelOptions } from "../../lib/tunnel/tunnel.ts";
import { createWatch } from "../../lib/tunnel/watch.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import {
  connectPair,
  createSocketClient,
  type FarEnd,
  type SocketClient,
} from "../support/socket_client.ts";

export interface Rig {
  readonly tunnel: Tunnel;
  /** The tunnel's end of the client. */
  readonly socket: SocketClient;
  readonly flow: Flow;
  readonly client: FarEnd;
  readonly backend: FarEnd;
  /** Reads of the backend that are under way. */
  readonly readsUnderWay: () => number;
}

/** What may be set; times are off and frames binary unless they are. */
export type RigOptions = Partial<
  Omit<TunnelOptions, "client" | "backend" | "buffer" | "flow" | "watch">
>;

/** No Pings, no limits, no half-close. */
export const NOTHING_TIMED = {
  pingIntervalMs: 0,
  readTimeoutMs: 0,
  writeTimeoutMs: 0,
  tcpFinPropagate: false,
} as const;

/** Runs `test` over a tunnel; afterwards ends what is left of it. */
export async function withTunnel(
  options: RigOptions,
  test: (rig: Rig) => Promise<void>,
): Promise<void> {
  const [clientPair, backendPair] = [await connectPair(), await connectPair()];
  const socket = createSocketClient(clientPair.near);
  const { connection, readsUnderWay } = countReads(backendPair.near);
  const flow = createFlow();
  const tunnel = startTunnel({
    client: socket,
    backend: connection,
    encoding: "binary",
    buffers: plainBuffers(16 * 1024),
    flow,
    breather: NO_BREATHER,
    watch: createWatch(5),
    ...NOTHING_TIMED,
    ...options,
  });
  const client = clientPair.far;
  const backend = backendPair.far;
  try {
    await test({ tunnel, socket, flow, client, backend, readsUnderWay });
  } finally {
    tunnel.end("shutdown");
    await Promise.all([client.close(), backend.close(), tunnel.ended]);
  }
}

function countReads(near: Deno.TcpConn) {
  let underWay = 0;
  const connection: BackendConnection = {
    async read(buffer) {
      underWay++;
      try {
        return await near.read(buffer);
      } finally {
        underWay--;
      }
    },
    write: (buffer) => near.write(buffer),
    closeWrite: () => near.closeWrite(),
    close: () => near.close(),
  };
  return { connection, readsUnderWay: () => underWay };
}

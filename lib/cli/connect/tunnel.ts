/**
 * Tunnels with their ends turned round: in the role of the machine's client is the server, whose WebSocket we opened, and in that of its
 * backend what is joined to it here.
 *
 * @module
 */
import { createBreather } from "../../base/breather.ts";
import { within } from "../../base/within.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { tlsClosed } from "../../backend/tls.ts";
import { createBuffers } from "../../engine/elastic_buffer.ts";
import { StreamTransport } from "../../engine/stream_transport.ts";
import { StreamTunnel } from "../../engine/stream_tunnel.ts";
import { createSweep, LONGEST_TICK_MS } from "../../engine/sweep.ts";
import type { TunnelEnd } from "../../tunnel/cause.ts";
import type { Encoding } from "../../tunnel/encoder.ts";
import { LAST_BYTES_MS, SHORT_LINGER_MS } from "../../tunnel/waits.ts";
import { lingering } from "./lingering.ts";
import { bridgesClosed } from "./bridge.ts";
import { watchLastBytes } from "./last_bytes.ts";
import type { Opened } from "./open.ts";
import type { ConnectSettings } from "./settings.ts";
import { CLOSE_SILENCE_MS, watchSilence } from "./silence.ts";

/** What the configuration's `buffer-size` is unless set. */
const BUFFER_BYTES = 256 * 1024;

/** Who reads what the server sent may take its time, as a pager does, unless we are asked to end. */
const ANY_TIME_MS = 2 ** 40;

export interface JoinOptions {
  readonly server: BackendConnection;
  readonly local: BackendConnection;
  readonly encoding: Encoding;
  readonly pingIntervalMs: number;
  /** How long the server must have sent nothing until it is told the end of what is here. */
  readonly lingerMs: number;
  /** How long it may be silent behind that where there are no Pings. @default {CLOSE_SILENCE_MS} */
  readonly closeSilenceMs?: number;
  /** How long behind the signal nothing may be taken here of what the server has sent. @default {LAST_BYTES_MS} */
  readonly lastBytesMs?: number;
  /** Aborted when the tunnel is to end (1001). */
  readonly signal: AbortSignal;
}

/** Joins a WebSocket that is open to what is here. */
export function joinOptions(
  { frameType, pingIntervalMs, lingerMs }: ConnectSettings,
  { connection, subprotocol }: Opened,
  local: BackendConnection,
  signal: AbortSignal,
): JoinOptions {
  const encoding = encodingOf(subprotocol) ?? frameType;
  return { server: connection, local, encoding, pingIntervalMs, lingerMs, signal };
}

/** Two subprotocols say themselves how bytes are sent. */
function encodingOf(subprotocol: string | null): Encoding | null {
  return subprotocol === "base64" || subprotocol === "binary" ? subprotocol : null;
}

export interface Joints {
  /** Joins both, and resolves once that is over. */
  join(options: JoinOptions): Promise<TunnelEnd>;
  /** Once all is over: waits for what is still to be sent. */
  close(): Promise<void>;
}

/** What all tunnels share. */
export function createJoints(): Joints {
  const shared = { buffers: createBuffers(BUFFER_BYTES), breather: createBreather() };
  const sweep = createSweep(LONGEST_TICK_MS);
  return {
    async join({ server, local, encoding, pingIntervalMs, signal, ...waits }) {
      let isEndTold = false;
      const here = lingering(local, waits.lingerMs, () => isEndTold = true);
      const { promise: over, resolve: tunnelOver } = Promise.withResolvers<TunnelEnd>();
      const reader = new StreamTransport(here, shared);
      const tunnel = new StreamTunnel(
        new StreamTransport(server, shared),
        reader,
        {
          role: "client",
          encoding,
          frameType: encoding === "binary" ? "binary" : "text",
          onFrame: null,
          tcpFinPropagate: false,
          hearsOut: true,
          lastBytesMs: ANY_TIME_MS,
          backendLingerMs: SHORT_LINGER_MS,
          pingIntervalMs,
          readTimeoutMs: 0,
          writeTimeoutMs: 0,
          idleTimeoutMs: 0,
          maxLifetimeMs: 0,
          now: sweep.nowMs,
          listener: { tunnelOver, tunnelReleased: () => sweep.delete(tunnel) },
        },
      );
      sweep.add(tunnel);
      const { closeSilenceMs = CLOSE_SILENCE_MS, lastBytesMs = LAST_BYTES_MS } = waits;
      const watch = watchSilence(tunnel, () => isEndTold, closeSilenceMs);
      if (pingIntervalMs === 0) sweep.add(watch);
      const lastBytes = watchLastBytes(tunnel, reader, lastBytesMs);
      const end = () => {
        tunnel.machine.end("operator");
        sweep.add(lastBytes);
      };
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      try {
        return await over;
      } finally {
        signal.removeEventListener("abort", end);
        sweep.delete(watch);
        sweep.delete(lastBytes);
      }
    },
    async close() {
      await within(Promise.all([tlsClosed(), bridgesClosed()]), SHORT_LINGER_MS);
      await shared.breather.close();
      sweep.close();
    },
  };
}

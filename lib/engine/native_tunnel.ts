/**
 * A tunnel whose client is the runtime's `WebSocket`.
 *
 * @module
 */
import { startDeadline } from "../base/deadline.ts";
import type { Lease } from "../backend/backend.ts";
import type { EngineOptions } from "./engine.ts";
import { DECODE_HEADROOM } from "../tunnel/base64.ts";
import { Tunnel } from "../tunnel/tunnel.ts";
import { CloseCode } from "../websocket/close_code.ts";
import { BackendSide } from "./backend_side.ts";
import { endFallen } from "./defect.ts";
import type { Limits, RunningTunnel, TunnelSettings } from "./door.ts";
import { NativeEnd } from "./native_end.ts";
import { StreamTransport } from "./stream_transport.ts";

/** How long the runtime may take to send our 101 and open its WebSocket; it takes no answer of the client's. */
const OPEN_TIMEOUT_MS = 5_000;

/**
 * Resolves when a WebSocket is open; false: the client went away before. Of one that left before `Deno.upgradeWebSocket()` was
 * called the runtime tells nothing: no event comes, ever.
 */
export function untilOpen(socket: WebSocket): Promise<boolean> {
  socket.binaryType = "arraybuffer";
  return new Promise((resolve) => {
    let late = false;
    const cancel = startDeadline(OPEN_TIMEOUT_MS, () => {
      late = true;
      resolve(false);
    });
    const settle = (isOpen: boolean) => {
      cancel();
      resolve(isOpen);
    };
    socket.addEventListener("open", () => {
      if (late) socket.close(CloseCode.GOING_AWAY, "its backend is gone");
      else settle(true);
    }, { once: true });
    socket.addEventListener("close", () => settle(false), { once: true });
    // An upgrade that fails is no `close`.
    socket.addEventListener("error", () => settle(false), { once: true });
  });
}

/** Begins the tunnel of a WebSocket that is open. Where that throws its backend is not left open. */
export function openNativeTunnel(
  socket: WebSocket,
  { connection }: Lease,
  settings: TunnelSettings,
  options: EngineOptions & Pick<Limits, "maxBufferBytes">,
): RunningTunnel {
  const backend = new StreamTransport(connection, options);
  const machine = new Tunnel(backend, settings);
  const onDefect = () => machine.ending ? machine.cut() : machine.end("defect");
  backend.onDefect = onDefect;
  try {
    machine.begin(
      new NativeEnd(socket, machine, {
        frameType: settings.encoding === "binary" ? "binary" : "text",
        headroom: settings.encoding === "base64" ? DECODE_HEADROOM : 0,
        maxBufferBytes: options.maxBufferBytes,
        onFrame: settings.onFrame,
        held: () => machine.upHeld,
        onThrown: (error) => endFallen({ onDefect }, error, reportError),
      }),
    );
    // The runtime takes what it is to send at once: nothing is sent out of the buffer.
    backend.begin(new BackendSide(machine), null);
  } catch (error) {
    backend.close();
    throw error;
  }
  return {
    machine,
    get upResidue() {
      return machine.upHeld + backend.pending;
    },
    get downResidue() {
      return socket.bufferedAmount;
    },
    tick(nowMs) {
      backend.tick(nowMs);
      machine.tick(nowMs);
    },
    onDefect,
  };
}

/** How the connections of an engine stand, as the system tells it: of any engine, whoever makes its reads and writes. */
import { setImmediate } from "node:timers/promises";
import type { SocketDiag, TcpStatus } from "../../lib/sys/socket_diag.ts";
import { DEADLINE_MS } from "./eventually.ts";

/** An end of a connection, by its addresses. */
export type End = Pick<Deno.Conn, "localAddr" | "remoteAddr">;

/** What a test can ask of the engine's end of a connection, by its own end. */
export interface Sockets {
  /** The engine has read all that came, or its end is gone. */
  hasRead(ours: End): boolean;
  /** Waits for that. */
  untilRead(ours: End): Promise<void>;
  /** The engine has written as much as goes in, and nothing more will before our end is read. */
  isFull(ours: End): boolean;
}

export function createSockets(diag: SocketDiag): Sockets {
  const ask = (ours: End): TcpStatus | "gone" => {
    const status = diag.ask(ours.remoteAddr as Deno.NetAddr, ours.localAddr as Deno.NetAddr);
    if (status === null) throw new Error("the system tells nothing of sockets");
    return status;
  };
  const hasRead = (ours: End) => {
    // Over loopback what has been written lies in the other end's queue; its acknowledgement may take 40 ms.
    const status = ask(ours);
    return status === "gone" || status.unreadBytes === 0;
  };
  return {
    hasRead,
    async untilRead(ours) {
      const deadline = performance.now() + DEADLINE_MS;
      while (!hasRead(ours)) {
        if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: a read`);
        await setImmediate();
      }
    },
    isFull(ours) {
      const status = ask(ours);
      return status !== "gone" && status.queuedBytes > 0 && status.segmentsInFlight === 0;
    },
  };
}

/** Two ends of a TCP connection, one of which the test plays. */
import net from "node:net";

const DEADLINE_MS = 20_000;

/** Waits until `holds()`; fails past the deadline. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Two ends of a TCP connection over loopback; the far end's `reset()` sends a RST. */
export async function connectPair(): Promise<{ near: Deno.TcpConn; far: FarEnd }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  // Of node:net, since the runtime's own connections can't be reset on purpose.
  const socket = net.connect({ host: "127.0.0.1", port: listener.addr.port, allowHalfOpen: true });
  const near = await accepted;
  listener.close();
  near.setNoDelay();
  return { near, far: createFarEnd(socket) };
}

/** The test's end of a pair. It reads nothing before it is asked to. */
export interface FarEnd {
  /** Resolves when the system has taken the bytes. */
  send(bytes: Uint8Array | string): Promise<void>;
  /** Reads until at least `length` bytes have come in all, or the end; gives all that came. */
  receive(length: number): Promise<Uint8Array>;
  /** The same, and reads no more until it is asked to; gives how many came. */
  some(length: number): Promise<number>;
  /** Reads on to the end; gives all that came and whether a FIN or a reset ended it. */
  rest(): Promise<{ readonly bytes: Uint8Array; readonly by: "fin" | "reset" }>;
  /** Sends a FIN. */
  finish(): void;
  reset(): void;
  close(): Promise<void>;
}

function createFarEnd(socket: net.Socket): FarEnd {
  const parts: Uint8Array[] = [];
  let length = 0;
  let by: "fin" | "reset" | null = null;
  const closed = Promise.withResolvers<void>();
  socket.pause();
  socket.on("data", (part: Uint8Array) => {
    parts.push(part);
    length += part.length;
  });
  socket.on("end", () => by ??= "fin");
  socket.on("error", () => by ??= "reset");
  socket.on("close", () => closed.resolve());
  const received = () => new Uint8Array(concat(parts, length));
  return {
    send: (bytes) => new Promise((resolve) => socket.write(bytes as Uint8Array, () => resolve())),
    async receive(wanted) {
      if (length < wanted) socket.resume();
      await until(`${wanted} bytes, ${length} came`, () => length >= wanted || by !== null);
      return received();
    },
    async some(wanted) {
      socket.resume();
      await until(`${wanted} bytes, ${length} came`, () => length >= wanted || by !== null);
      socket.pause();
      return length;
    },
    async rest() {
      socket.resume();
      await until("the end", () => by !== null);
      return { bytes: received(), by: by! };
    },
    finish: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    close() {
      socket.destroy();
      return closed.promise;
    },
  };
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * A `ClientSocket` over a real TCP connection without any framing: the far end is a plain connection whose bytes are the
 * payload, its FIN is a Close, its reset a lost client. For tests of what lies behind the seam.
 */
import net from "node:net";
import { within } from "../../lib/base/within.ts";
import type { ClientEnd, ClientSocket } from "../../lib/websocket/client_socket.ts";

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

/** What a test sees of a socket besides the seam. */
export interface SocketClient extends ClientSocket {
  /** What it was closed with, the first time. */
  readonly told: { readonly code: number; readonly reason: string } | null;
  readonly pings: number;
  readonly lookedAhead: number;
  /** What `lookAhead()` says: whether the client can be heard. */
  audible: boolean;
  /** What looking ahead finds when the client is lost. */
  vanish(): void;
}

/** How long a closing waits for the far end's FIN. */
const CLOSE_TIMEOUT_MS = 500;

export function createSocketClient(connection: Deno.TcpConn): SocketClient {
  const ended = Promise.withResolvers<ClientEnd>();
  const buffer = new Uint8Array(16 * 1024);
  let over = false;
  let told: SocketClient["told"] = null;
  let closing: Promise<void> | null = null;
  let reading: Promise<number | null> | null = null;
  let heard = 0;
  let pings = 0;
  let lookedAhead = 0;

  const end = (how: ClientEnd) => {
    over = true;
    ended.resolve(how);
  };
  const receive = async () => {
    try {
      const count = await connection.read(buffer);
      if (count === null) end({ kind: "close", code: 1000, reason: "" });
      else heard++;
      return count;
    } catch (error) {
      end({ kind: "lost", code: 1006, reason: (error as Error).message });
      return null;
    }
  };
  const finish = async () => {
    try {
      await connection.closeWrite();
    } catch {
      return;
    }
    reading ??= receive();
    while (await reading !== null) reading = receive();
  };
  return {
    closeLost: false,
    release() {},
    async read() {
      if (over) return null;
      reading = receive();
      const count = await Promise.race([reading, ended.promise.then(() => null)]);
      if (count === null) return null;
      reading = null;
      return buffer.subarray(0, count);
    },
    async write(bytes, start, endIndex) {
      try {
        while (closing === null && start < endIndex) {
          start += await connection.write(bytes.subarray(start, endIndex));
        }
        return closing === null;
      } catch (error) {
        end({ kind: "lost", code: 1006, reason: (error as Error).message });
        return false;
      }
    },
    ping: () => void pings++,
    get heard() {
      return heard;
    },
    rest() {},
    unreadBytes: 0,
    isUnreachable: () => false,
    lookAhead() {
      lookedAhead++;
      return this.audible;
    },
    close(code, reason) {
      told ??= { code, reason };
      return closing ??= (async () => {
        end({ kind: "ended", code, reason });
        const finished = finish();
        await within(finished, CLOSE_TIMEOUT_MS);
        connection.close();
        await finished;
      })();
    },
    ended: ended.promise,
    get told() {
      return told;
    },
    get pings() {
      return pings;
    },
    get lookedAhead() {
      return lookedAhead;
    },
    audible: true,
    vanish: () => end({ kind: "lost", code: 1006, reason: "seen by looking ahead" }),
  };
}

/** Two ends of a connection of the system's own, by their descriptors. */
import type { Libc } from "../../../lib/sys/libc.ts";
import { hotCalls } from "../../../lib/sys/hot_calls.ts";
import type { Address } from "../../../lib/base/address.ts";
import { createSockets } from "../../../lib/sys/sockets.ts";

const SOCK_NONBLOCK = 0o4000;

/** Nobody else's. */
function unnamed(): Address {
  return { transport: "unix", path: `\0pair-${crypto.randomUUID()}` };
}

export interface SocketPair {
  readonly ends: readonly [near: number, far: number];
  /** By the far end. */
  send(what: string | Uint8Array<ArrayBuffer>): void;
  /** By the far end, as far as there is room; gives how many went. */
  trySend(bytes: Uint8Array<ArrayBuffer>): number;
  /** What the far end can receive at once: null at the end of the stream, empty where nothing has come. */
  receive(most: number): Uint8Array | null;
  shutdownFar(): void;
  closeFar(): void;
  /** Both. */
  close(): void;
}

export function openSocketPair(libc: Libc, at: Address = unnamed()): SocketPair {
  const calls = hotCalls(libc);
  const sockets = createSockets(libc, calls);
  const { symbols } = libc;
  const listener = sockets.listen(at);
  const { descriptor: far } = sockets.connect(sockets.localOf(listener)!)!;
  const near = calls.accept4(listener, 0n, 0n, SOCK_NONBLOCK);
  sockets.close(listener);
  if (near < 0) throw sockets.failure(calls.errno);
  return {
    ends: [near, far],
    send(what) {
      const bytes = typeof what === "string" ? new TextEncoder().encode(what) : what;
      if (calls.sendView(far, bytes) !== bytes.length) throw sockets.failure(calls.errno);
    },
    trySend: (bytes) => Math.max(calls.sendView(far, bytes), 0),
    receive(most) {
      const bytes = new Uint8Array(most);
      const count = Number(symbols.recv(far, bytes, BigInt(most), 0));
      return count === 0 ? null : bytes.subarray(0, Math.max(count, 0));
    },
    shutdownFar: () => sockets.shutdown(far),
    closeFar: () => sockets.close(far),
    close: () => [near, far].forEach((end) => sockets.close(end)),
  };
}

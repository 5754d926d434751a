/**
 * Keeps a connection that always has something to read from shutting all others out.
 *
 * The runtime looks for what happens on its sockets only when it has nothing else to do, or every 61st turn. A read of a
 * connection that has bytes waiting is done at once, so that one flooding client, each of whose reads costs some time, hides
 * everybody else for seconds (measured: 3.4 s, with 192 KiB of tiny frames a read). Timers come through meanwhile, and waiting for
 * one lets the runtime look; but they take a millisecond and more, which costs a third of the throughput. Waiting for a
 * byte that we send ourselves over loopback does the same in tens of microseconds, and costs nothing that can be measured.
 *
 * @module
 */
import { within } from "./within.ts";

/** Fewer reads than this between two pauses never wait: no clock where little happens. */
const MIN_READS = 4;

/** How long others may be shut out. */
const TURN_MS = 4;

/** How long to go on with timers before another try to do better, as when no descriptor was left. */
const RETRY_MS = 1_000;

/** How long the end waits for a connection to ourselves that is being opened. */
const CLOSE_MS = 100;

/** Reads of less cost so little that they don't count. */
const COUNTED_BYTES = 16 * 1024;

/** Shared by everything that reads in a loop. */
export interface Breather {
  /** Told of each read and its bytes: null to go on at once, else what to wait for first. It never rejects. */
  after(bytes: number): Promise<void> | null;
  /** Resolves when nothing of it is left open. */
  close(): Promise<void>;
}

/** Lets the runtime look at its sockets. Never rejects. */
interface Pass {
  pass(): Promise<void>;
  close(): void;
}

export function createBreather(): Breather {
  let reads = 0;
  let sinceMs = performance.now();
  let passing: Promise<void> | null = null;
  let way: Pass = { pass: passByTimer, close() {} };
  let opening: Promise<void> | null = null;
  let closed = false;
  let mayOpenAtMs = -Infinity;

  const openWay = async () => {
    const loopback = await openLoopback();
    if (closed) return loopback?.close();
    if (loopback !== null) return void (way = loopback);
    mayOpenAtMs = performance.now() + RETRY_MS;
    opening = null;
  };
  const breathe = async () => {
    await way.pass();
    passing = null;
    reads = 0;
    sinceMs = performance.now();
  };
  return {
    after(bytes) {
      if (passing !== null) return passing;
      if (bytes < COUNTED_BYTES || ++reads < MIN_READS) return null;
      const nowMs = performance.now();
      if (nowMs - sinceMs < TURN_MS) return null;
      // At the first need, since most programs never have it.
      if (opening === null && nowMs >= mayOpenAtMs) opening = openWay();
      return passing = breathe();
    },
    async close() {
      closed = true;
      if (opening !== null) await within(opening, CLOSE_MS);
      way.close();
    },
  };
}

async function passByTimer(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Both ends of a connection to ourselves; null where there is no loopback, or another one got in between. */
async function openLoopback(): Promise<Pass | null> {
  let ends: readonly [Deno.TcpConn, Deno.TcpConn];
  try {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    ends = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  } catch {
    return null;
  }
  const [near, far] = ends;
  if (near.localAddr.port !== far.remoteAddr.port) {
    near.close();
    far.close();
    return null;
  }
  near.setNoDelay();
  return passOver(near, far);
}

function passOver(near: Deno.TcpConn, far: Deno.TcpConn): Pass {
  const byte = new Uint8Array(1);
  return {
    async pass() {
      try {
        await Promise.all([far.read(byte), near.write(byte)]);
      } catch {
        // Closed: there is nobody left to be fair to.
      }
    },
    close() {
      near.close();
      far.close();
    },
  };
}

/**
 * Descriptors to give to a program, whose other end is the runtime's: the runtime itself gives out none and takes none as a connection
 * (denoland/deno#14006). Linux only, through FFI; {@linkcode canGiveDescriptors} says whether it works here.
 *
 * @module
 */
import { Socket } from "node:net";
import { isAtLeast } from "../base/version.ts";
import { lastError, type Libc, sharedLibc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const O_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** For those who find out about the name and want to come first; they are let in by nobody. */
const BACKLOG = 16;

/** What is read at once. */
const PIECE_BYTES = 4096;

/** Node's `Socket` reads from a descriptor in 2.9.6; in 2.4.2 it isn't implemented. */
export const canGiveDescriptors: boolean = sharedLibc.ok && isAtLeast(Deno.version.deno, 2, 9);

/** A descriptor that isn't inherited, to be closed by the caller, and the runtime's end of it. */
export interface Given<End> {
  readonly descriptor: number;
  readonly end: End;
}

export function closeDescriptor(descriptor: number): void {
  libc().symbols.close(descriptor);
}

/** Makes a pipe to be written to. */
export function openPipe(): Given<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const ends = new Int32Array(2);
  if (libc().symbols.pipe2(ends, O_CLOEXEC) < 0) throw new Error(`pipe: ${lastError(libc())}`);
  return { descriptor: ends[1]!, end: readDescriptor(ends[0]!) };
}

/** What comes out of a descriptor, read when it is asked for; closed at the end, or when the stream is cancelled. */
function readDescriptor(fd: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let deliver = (_: Uint8Array) => {};
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    // One buffer for all reads: those that Node makes, 64 KiB for each, come faster than garbage is collected.
    onread: {
      buffer: new Uint8Array(PIECE_BYTES),
      callback(count, bytes) {
        deliver(bytes.subarray(0, count));
        // No more, until it is resumed.
        return false;
      },
    },
  });
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      deliver = (bytes) => controller.enqueue(bytes.slice());
      socket.on("error", () => {});
      socket.on("close", () => {
        try {
          controller.close();
          controller.byobRequest?.respond(0);
        } catch {
          // It was cancelled.
        }
      });
    },
    pull() {
      socket.resume();
    },
    cancel() {
      socket.destroy();
    },
  });
}

/**
 * Makes a pair of connected sockets. socketpair(2) would be of no use, since nothing turns its descriptors into a connection of the
 * runtime's. So that connects to a listener which exists for a moment, under a name that nobody can guess; and since others may find it in
 * /proc/net/unix, who comes is let in only if it is this process.
 */
export async function openSocketPair(): Promise<Given<Deno.UnixConn>> {
  const path = `\0wstunnel-${crypto.randomUUID()}`;
  const listener = listenAt(path);
  try {
    const end = await Deno.connect({ transport: "unix", path });
    try {
      return { descriptor: acceptOwn(listener), end };
    } catch (error) {
      end.close();
      throw error;
    }
  } finally {
    closeDescriptor(listener);
  }
}

function listenAt(path: string): number {
  const { symbols } = libc();
  const name = new Uint8Array(2 + path.length);
  new Uint16Array(name.buffer, 0, 1)[0] = AF_UNIX;
  new TextEncoder().encodeInto(path, name.subarray(2));
  const fd = symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket: ${lastError(libc())}`);
  if (symbols.bind(fd, name, name.length) === 0 && symbols.listen(fd, BACKLOG) === 0) return fd;
  const reason = lastError(libc());
  symbols.close(fd);
  throw new Error(`listen: ${reason}`);
}

/** We are among those who wait there, so that this doesn't. */
function acceptOwn(listener: number): number {
  const { symbols } = libc();
  for (;;) {
    const fd = symbols.accept4(listener, null, null, SOCK_CLOEXEC);
    if (fd < 0) throw new Error(`accept: ${lastError(libc())}`);
    // `struct ucred`: the process, its user and group.
    const peer = new Int32Array(3);
    symbols.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, Uint32Array.of(peer.byteLength));
    if (peer[0] === Deno.pid) return fd;
    symbols.close(fd);
  }
}

function libc(): Libc {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  return sharedLibc.libc;
}

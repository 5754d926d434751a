/**
 * A pair of connected sockets: a descriptor to be given to a program, and a connection of the runtime's.
 *
 * socketpair(2) would be of no use, since nothing turns its descriptors into a connection of the runtime's. So that connects to a listener
 * which exists for a moment, under a name that nobody can guess; and since others may find it in /proc/net/unix, who comes is let in only
 * if it is this process.
 *
 * @module
 */
import { closeDescriptor, type Given, libc } from "./descriptors.ts";
import { lastError } from "./libc.ts";
import { encodeSocketAddress } from "./socket_address.ts";
import {
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./socket_constants.ts";

const SO_SNDBUF = 7;
const SO_PEERCRED = 17;

/** For those who find out about the name and want to come first; they are let in by nobody. */
const BACKLOG = 1024;

/**
 * What lies between us and a program, half of what the system then counts with its own. We are told of room once three quarters of it are
 * free, so with its 208 KiB a program that reads 20 KB/s would seem to take nothing for 10 s; with this it is 2, and a pipe's throughput.
 */
const SENT_BYTES = 16 * 1024;

/** How many descriptors may have been opened by others while the runtime connected. */
const NEIGHBOURS = 8;

/** Makes a pair. Throws what the system says. */
export async function openSocketPair(): Promise<Given<Deno.UnixConn>> {
  const path = `\0wstunnel-${crypto.randomUUID()}`;
  const name = encodeSocketAddress({ transport: "unix", path })!.bytes;
  const listener = listenAt(name);
  try {
    const lowest = lowestFree(listener);
    const end = await Deno.connect({ transport: "unix", path });
    try {
      limitSent(name, lowest);
      return { descriptor: acceptOwn(listener), end };
    } catch (error) {
      end.close();
      throw error;
    }
  } finally {
    closeDescriptor(listener);
  }
}

function listenAt(name: Uint8Array<ArrayBuffer>): number {
  const { symbols } = libc();
  const fd = symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket: ${lastError(libc())}`);
  if (symbols.bind(fd, name, name.length) === 0 && symbols.listen(fd, BACKLOG) === 0) return fd;
  const reason = lastError(libc());
  symbols.close(fd);
  throw new Error(`listen: ${reason}`);
}

/** What the next descriptor will be, unless another thread opens one first. */
function lowestFree(descriptor: number): number {
  const { symbols } = libc();
  const fd = symbols.fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (fd >= 0) symbols.close(fd);
  return fd;
}

/** The runtime says of no connection which descriptor it is: it is found by its peer's name, near where it should be. */
function limitSent(name: Uint8Array<ArrayBuffer>, lowest: number): void {
  const { symbols } = libc();
  const peer = new Uint8Array(name.length);
  for (let fd = lowest; fd < lowest + NEIGHBOURS; fd++) {
    const length = Uint32Array.of(peer.length);
    if (symbols.getpeername(fd, peer, length) !== 0 || length[0] !== name.length) continue;
    if (name.some((byte, at) => byte !== peer[at])) continue;
    symbols.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, Int32Array.of(SENT_BYTES), 4);
    return;
  }
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

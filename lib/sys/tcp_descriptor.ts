/**
 * What can be done to a TCP connection of the runtime's by its descriptor alone. The runtime says of no connection which one it is, so it is
 * looked for among all of them by its two ends: some milliseconds with ten thousand open. Linux only, through FFI.
 *
 * @module
 */
import { encodeSocketAddress } from "./socket_address.ts";
import type { Endpoint } from "./socket_diag.ts";
import { type Libc, sharedLibc } from "./libc.ts";
import { AF_INET, SOL_SOCKET } from "./socket_constants.ts";

// Of <sys/socket.h>, <netinet/in.h> and <netinet/tcp.h>.
const SHUT_RDWR = 2;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** Where `struct dirent` has the name. */
const NAME_OFFSET = 19;

/** `struct sockaddr_in6`, the larger one. */
const ADDRESS_BYTES = 28;

/** What of a `struct sockaddr_in`, or of a `sockaddr_in6`, says where: a scope behind it may be the system's. */
const COMPARED_BYTES = { ipv4: 8, ipv6: 24 } as const;

/**
 * Ends a connection both ways, as shutdown(2) does, whatever the runtime still wants of it: its descriptor is then free as soon as the runtime has
 * been told. Gives whether it was found.
 */
export function cutOff(local: Endpoint, remote: Endpoint): boolean {
  const fd = descriptorOf(local, remote);
  if (fd === null || !sharedLibc.ok) return false;
  sharedLibc.libc.symbols.shutdown(fd, SHUT_RDWR);
  return true;
}

/** Has each write sent at once, and a peer that has vanished found out (TCP_NODELAY, SO_KEEPALIVE). Gives whether it was found. */
export function sendAtOnce(local: Endpoint, remote: Endpoint): boolean {
  const fd = descriptorOf(local, remote);
  if (fd === null || !sharedLibc.ok) return false;
  const { setsockopt } = sharedLibc.libc.symbols;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, Int32Array.of(1), 4);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, Int32Array.of(1), 4);
  return true;
}

/** Which descriptor the connection with these ends is; null where there is none, or nobody can say. */
export function descriptorOf(local: Endpoint, remote: Endpoint): number | null {
  if (!sharedLibc.ok) return null;
  const { libc } = sharedLibc;
  const ends = [toBytes(local), toBytes(remote)] as const;
  if (ends[0] === null || ends[1] === null) return null;
  for (const fd of descriptors(libc)) {
    if (!isAt(libc.symbols.getsockname, fd, ends[0])) continue;
    if (isAt(libc.symbols.getpeername, fd, ends[1])) return fd;
  }
  return null;
}

/** Null for what is no IP address. */
function toBytes({ hostname, port }: Endpoint): Uint8Array | null {
  const encoded = encodeSocketAddress({ transport: "tcp", hostname, port });
  if (encoded === null) return null;
  const { ipv4, ipv6 } = COMPARED_BYTES;
  return encoded.bytes.subarray(0, encoded.family === AF_INET ? ipv4 : ipv6);
}

const found = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);

function isAt(
  ask: Libc["symbols"]["getsockname"],
  fd: number,
  wanted: Uint8Array,
): boolean {
  length[0] = ADDRESS_BYTES;
  return ask(fd, found, length) === 0 && wanted.every((byte, at) => byte === found[at]);
}

/** All that are open; by the C library, since the runtime shows this folder only to who may do everything. */
function* descriptors({ symbols }: Libc): Generator<number> {
  const folder = symbols.opendir(new TextEncoder().encode("/proc/self/fd\0"));
  if (folder === null) return;
  try {
    for (let entry; (entry = symbols.readdir(folder)) !== null;) {
      const name = Deno.UnsafePointerView.getCString(entry, NAME_OFFSET);
      if (name !== "." && name !== "..") yield Number(name);
    }
  } finally {
    symbols.closedir(folder);
  }
}

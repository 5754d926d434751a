/**
 * What can be done to a TCP connection of the runtime's by its descriptor alone. The runtime says of no connection which one it is, so it is
 * looked for among all of them by its two ends: 15 ms with eight thousand open. So what is wanted within a moment is looked for at once.
 * Linux only, through FFI.
 *
 * @module
 */
import { encodeSocketAddress } from "./socket_address.ts";
import type { Endpoint } from "./socket_diag.ts";
import { type Libc, sharedLibc } from "./libc.ts";
import { AF_INET, IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_NODELAY } from "./socket_constants.ts";

// Of <sys/socket.h>.
const SHUT_RDWR = 2;

/** Where `struct dirent` has the name. */
const NAME_OFFSET = 19;

/** `struct sockaddr_in6`, the larger one. */
const ADDRESS_BYTES = 28;

/** What of a `struct sockaddr_in`, or of a `sockaddr_in6`, says where: a scope behind it may be the system's. */
const COMPARED_BYTES = { ipv4: 8, ipv6: 24 } as const;

/** How long it may take until somebody looks. */
const GATHER_MS = 50;

/** A connection, and what to do to it. */
interface Wanted {
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly use: (libc: Libc, fd: number) => void;
}

const wanted: Wanted[] = [];
let look: Promise<void> | null = null;

/**
 * Ends a connection both ways in a moment, as shutdown(2) does, whatever the runtime still wants of it: its descriptor is free as soon as
 * the runtime has been told.
 */
export function cutOff(local: Endpoint, remote: Endpoint): void {
  withDescriptor(local, remote, ({ symbols }, fd) => void symbols.shutdown(fd, SHUT_RDWR));
}

/** In a moment, has each write sent at once, and a peer that has vanished found out (TCP_NODELAY, SO_KEEPALIVE). */
export function sendAtOnce(local: Endpoint, remote: Endpoint): void {
  withDescriptor(local, remote, ({ symbols }, fd) => {
    symbols.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, Int32Array.of(1), 4);
    symbols.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, Int32Array.of(1), 4);
  });
}

/** Resolves once all that was wanted has been done. */
export async function descriptorsFound(): Promise<void> {
  await look;
}

/** Does in a moment what is to be done with the descriptor of the connection with these ends; nothing where there is none. */
export function withDescriptor(local: Endpoint, remote: Endpoint, use: Wanted["use"]): void {
  if (!sharedLibc.ok) return;
  const { libc } = sharedLibc;
  const ends = [toBytes(local), toBytes(remote)] as const;
  if (ends[0] === null || ends[1] === null) return;
  wanted.push({ local: ends[0], remote: ends[1], use });
  look ??= new Promise((done) =>
    setTimeout(() => {
      look = null;
      findAll(libc, wanted.splice(0));
      done();
    }, GATHER_MS)
  );
}

function findAll(libc: Libc, all: readonly Wanted[]): void {
  const byPort = Map.groupBy(all, ({ local }) => portOf(local));
  const { getsockname, getpeername } = libc.symbols;
  for (const fd of descriptors(libc)) {
    if (!askEnd(getsockname, fd)) continue;
    const here = byPort.get(portOf(found))?.filter(({ local }) => isFound(local)) ?? [];
    if (here.length === 0 || !askEnd(getpeername, fd)) continue;
    for (const { remote, use } of here) if (isFound(remote)) use(libc, fd);
  }
}

/** Null for what is no IP address. */
function toBytes({ hostname, port }: Endpoint): Uint8Array | null {
  const encoded = encodeSocketAddress({ transport: "tcp", hostname, port });
  if (encoded === null) return null;
  const { ipv4, ipv6 } = COMPARED_BYTES;
  return encoded.bytes.subarray(0, encoded.family === AF_INET ? ipv4 : ipv6);
}

function portOf(address: Uint8Array): number {
  return address[2]! << 8 | address[3]!;
}

/** The address that was asked for last. */
const found = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);

function askEnd(ask: Libc["symbols"]["getsockname"], fd: number): boolean {
  length[0] = ADDRESS_BYTES;
  return ask(fd, found, length) === 0;
}

function isFound(address: Uint8Array): boolean {
  return address.every((byte, at) => byte === found[at]);
}

/** All that are open; by the C library, since the runtime shows this folder only to who may do everything. */
export function* descriptors({ symbols }: Libc): Generator<number> {
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

/**
 * The seat of a listener of the runtime's: the descriptor that it accepts connections from. The runtime takes no socket that is open already
 * (denoland/deno#14006), but it doesn't notice when another one is put under the number that it has. So a listening socket, with the connections
 * that wait in its queue, can go from one listener to another, or come from who started us.
 *
 * The runtime asks epoll(7) whether there is a connection, and says by which of its data; both are put in place again for the new socket. Linux
 * only, through FFI. Holds for `Deno.listen`, `Deno.serve` and the servers of `node:net` (measured on 2.9.6 and 2.4.2).
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { lastError, type Libc, sharedLibc } from "./libc.ts";
import { encodeSocketAddress, SCOPE_OFFSET } from "./socket_address.ts";
import {
  AF_INET6,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  O_CLOEXEC,
  O_NONBLOCK,
  SO_ACCEPTCONN,
  SOL_SOCKET,
} from "./socket_constants.ts";
import { readProc } from "./proc_file.ts";
import { descriptors } from "./tcp_descriptor.ts";

// Of <sys/epoll.h>.
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** Above those that programs expect something at. */
const FIRST_TAKEN_DESCRIPTOR = 10;

/** Larger than any `struct sockaddr`. */
const ADDRESS_BYTES = 128;

export interface Seat {
  /** Takes the socket out, as a descriptor of the caller's: the listener hears of no connection any more. Throws what the system says. */
  take(): number;
  /** Puts a socket in the place of what is there, and closes this descriptor of it. Throws what the system says. */
  put(descriptor: number): void;
}

/** Which epoll descriptor looks at a descriptor, and with which `struct epoll_event`. */
interface Watch {
  readonly epoll: number;
  readonly event: Uint8Array<ArrayBuffer>;
}

/** The seat of the runtime's listener at an address, or null where there is no way to it; takes 35 ms where eight thousand connections are open. */
export function findSeat(address: Address): Seat | null {
  if (!sharedLibc.ok) return null;
  const { libc } = sharedLibc;
  const encoded = encodeSocketAddress(address);
  if (encoded === null) return null;
  // Of a link-local address the system has its zone behind it, which no address here tells.
  const name = encoded.family === AF_INET6
    ? encoded.bytes.subarray(0, SCOPE_OFFSET)
    : encoded.bytes;
  const bytes = encoded.bytes.length;
  const all = [...descriptors(libc)];
  const seats = all.filter((fd) => listensAt(libc, fd, name, bytes))
    .map((fd) => ({ fd, watch: findWatch(libc, all, fd) }))
    // Others are somebody else's copies.
    .filter(({ watch }) => watch !== null);
  return seats.length === 1 ? seatAt(libc, seats[0]!.fd, seats[0]!.watch!) : null;
}

/** Takes the socket of the runtime's listener at an address and closes our descriptor of it; false: that can't be done, and it goes on. */
export function deafenAt(address: Address): boolean {
  if (!sharedLibc.ok) return false;
  try {
    const taken = findSeat(address)?.take();
    if (taken !== undefined) sharedLibc.libc.symbols.close(taken);
    return taken !== undefined;
  } catch {
    // There is no descriptor left.
    return false;
  }
}

function seatAt(libc: Libc, seat: number, { epoll, event }: Watch): Seat {
  const { symbols } = libc;
  const check = (call: string, result: number): number => {
    if (result < 0) throw new Error(`${call}: ${lastError(libc)}`);
    return result;
  };
  const exchange = (descriptor: number) => {
    // epoll goes on with a socket of which there is another copy, though this one is closed.
    symbols.epoll_ctl(epoll, EPOLL_CTL_DEL, seat, event);
    check("dup3", symbols.dup3(descriptor, seat, O_CLOEXEC));
    symbols.close(descriptor);
    check("epoll_ctl", symbols.epoll_ctl(epoll, EPOLL_CTL_ADD, seat, event));
  };
  return {
    take() {
      // Something that is there, and never has anything to be accepted.
      const nothing = check("eventfd", symbols.eventfd(0, O_CLOEXEC | O_NONBLOCK));
      const taken = symbols.fcntl(seat, F_DUPFD_CLOEXEC, FIRST_TAKEN_DESCRIPTOR);
      if (taken < 0) symbols.close(nothing);
      check("fcntl", taken);
      exchange(nothing);
      return taken;
    },
    put(descriptor) {
      const flags = check("fcntl", symbols.fcntl(descriptor, F_GETFL, 0));
      check("fcntl", symbols.fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
      exchange(descriptor);
    },
  };
}

// What was asked for last; made once, since thousands may be asked.
const found = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);
const accepts = new Int32Array(1);

/** Whether it is a socket that listens, and has an address of so many bytes that begins so. */
function listensAt({ symbols }: Libc, fd: number, name: Uint8Array, bytes: number): boolean {
  accepts[0] = 0;
  length[0] = accepts.byteLength;
  symbols.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, accepts, length);
  if (accepts[0] !== 1) return false;
  length[0] = found.byteLength;
  if (symbols.getsockname(fd, found, length) !== 0 || length[0] !== bytes) return false;
  return name.every((byte, at) => byte === found[at]);
}

/** Found by what the system says of each epoll descriptor (proc_pid_fdinfo(5)). */
function findWatch(libc: Libc, all: readonly number[], fd: number): Watch | null {
  const line = RegExp(`^tfd: +${fd} events: +([0-9a-f]+) data: +([0-9a-f]+) `, "m");
  for (const epoll of all) {
    const [, events, data] = line.exec(readProc(libc, `/proc/self/fdinfo/${epoll}`)) ?? [];
    if (events === undefined) continue;
    return { epoll, event: encodeEvent(parseInt(events, 16), BigInt(`0x${data}`)) };
  }
  return null;
}

/** `struct epoll_event`, which is packed on x86-64 alone. */
function encodeEvent(events: number, data: bigint): Uint8Array<ArrayBuffer> {
  const event = new DataView(new ArrayBuffer(16));
  event.setUint32(0, events, true);
  event.setBigUint64(Deno.build.arch === "x86_64" ? 4 : 8, data, true);
  return new Uint8Array(event.buffer);
}

/**
 * Sockets of our own that never wait: TCP over IPv4 and IPv6, and unix-domain ones. Their descriptors are the caller's to close.
 *
 * Linux only, through FFI.
 *
 * @module
 */
import type { Address, TcpAddress } from "../base/address.ts";
import { Errno, systemError } from "./errno.ts";
import type { HotCalls } from "./hot_calls.ts";
import type { Libc } from "./libc.ts";
import {
  decodeSocketAddress,
  type EncodedAddress,
  encodeSocketAddress,
  SCOPE_OFFSET,
} from "./socket_address.ts";
import {
  AF_UNIX,
  F_GETFL,
  F_SETFL,
  IPPROTO_TCP,
  O_NONBLOCK,
  SHUT_WR,
  SIOCOUTQ,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_INFO,
  TCP_NODELAY,
} from "./socket_constants.ts";
import { createUnpace } from "./congestion.ts";
import { decodeTcpInfo, TCP_INFO_BYTES, type TcpInfo } from "./tcp_info.ts";

/** `struct sockaddr_un`, the longest. */
export const MAX_ADDRESS_BYTES = 110;

/** What we let wait for being accepted; the system's `net.core.somaxconn` may allow less. */
const BACKLOG = 4096;

/** What a connect says that is not over. */
const UNDER_WAY: readonly number[] = [Errno.EINPROGRESS, Errno.EALREADY, Errno.EINTR];

const ON = new Uint8Array(Int32Array.of(1).buffer);

/** A connect that was begun. */
export interface Connecting {
  readonly descriptor: number;
  /** It is to be waited for until the socket is writable; {@linkcode Sockets.errorOf} tells then what has come of it. */
  readonly pending: boolean;
}

/** The calls, for one thread. */
export interface Sockets {
  /** Listens at an IP address or a path. Throws what the system says. */
  listen(address: Address): number;
  /** Makes one that listens, and that somebody else has opened, what ours are. */
  makeOurs(listener: number): void;
  /** Begins to connect; null: its host is a name. Throws what the system says at once. */
  connect(address: Address): Connecting | null;
  /** Whether our end is the one that was connected to. */
  isItself(descriptor: number, address: Address): boolean;
  /** Why a connect, or a connection, has failed; null: it has not. */
  errorOf(descriptor: number): Error | null;
  /** Each write is sent at once, and a peer that has vanished is found out; connections inherit it of a listener. */
  prepare(descriptor: number): void;
  /** Where our end is; null of one that has none any more. */
  localOf(descriptor: number): Address | null;
  /** The peer sees our end of stream. */
  shutdown(descriptor: number): void;
  /** What the system knows of a TCP connection; null where it tells nothing. */
  tcpInfo(descriptor: number): TcpInfo | null;
  /**
   * What was sent and is with the system still: of TCP the bytes that the peer's has not acknowledged, of a unix-domain
   * socket the memory that those take which the peer has not read.
   */
  queuedBytes(descriptor: number): number;
  /** Only once: its number is free after that whatever the system says, EINTR too. */
  close(descriptor: number): void;
  /** The error of another call that has failed. */
  failure(errno: number): Error;
}

export function createSockets(libc: Libc, calls: HotCalls): Sockets {
  const { symbols } = libc;
  const name = new Uint8Array(new ArrayBuffer(MAX_ADDRESS_BYTES));
  const length = new Uint32Array(1);
  const info = new DataView(new ArrayBuffer(TCP_INFO_BYTES));
  const word = new Int32Array(1);
  /** Of those that are connected to, again and again as a rule. */
  const encodings = new WeakMap<Address, EncodedAddress | null>();

  const encode = (address: Address) => {
    const zone = address.transport === "tcp" ? address.hostname.split("%")[1] : undefined;
    if (zone === undefined) return encodeSocketAddress(address);
    const { hostname } = address as TcpAddress;
    const encoded = encodeSocketAddress({
      ...address as TcpAddress,
      hostname: hostname.slice(0, -zone.length - 1),
    });
    if (encoded === null) return null;
    new Uint32Array(encoded.bytes.buffer, SCOPE_OFFSET, 1)[0] = interfaceOf(zone);
    return encoded;
  };
  /** A zone is the name of a network interface or its number (RFC 4007 section 11.2). */
  const interfaceOf = (zone: string): number => {
    if (/^\d+$/.test(zone)) return Number(zone);
    const index = symbols.if_nametoindex(new TextEncoder().encode(`${zone}\0`));
    if (index === 0) throw systemError(libc, calls.errno);
    return index;
  };
  const open = (family: number): number => {
    const descriptor = symbols.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) throw systemError(libc, calls.errno);
    return descriptor;
  };
  /** Closes it where a call has failed, and throws why. */
  const must = (descriptor: number, result: number) => {
    if (result >= 0) return;
    const error = systemError(libc, calls.errno);
    symbols.close(descriptor);
    throw error;
  };
  const set = (descriptor: number, level: number, option: number) =>
    symbols.setsockopt(descriptor, level, option, ON, ON.length);
  // No TCP_USER_TIMEOUT: it ends who lives as well as who is gone. Of 3 s, a peer that read 20 KB/s, and one that read nothing and answered every
  // question whether it had room, were reset after 3.6 s (Linux 6.18; since 5.11 it counts from when there was room last).
  const prepare = (descriptor: number) => {
    set(descriptor, IPPROTO_TCP, TCP_NODELAY);
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE);
  };
  const unpace = createUnpace(libc);
  const encodedOf = (address: Address): EncodedAddress | null => {
    let encoded = encodings.get(address);
    if (encoded !== undefined) return encoded;
    encoded = encode(address);
    // The number of an interface may be another the next time.
    if (address.transport === "unix" || !address.hostname.includes("%")) {
      encodings.set(address, encoded);
    }
    return encoded;
  };

  return {
    listen(address) {
      const encoded = encode(address);
      if (encoded === null) throw new Error("only an IP address or a path can be listened at");
      const { family, bytes } = encoded;
      const descriptor = open(family);
      if (family !== AF_UNIX) {
        set(descriptor, SOL_SOCKET, SO_REUSEADDR);
        // As the runtime leaves it: what the system has as its default.
        prepare(descriptor);
        unpace(descriptor, address);
      }
      must(descriptor, symbols.bind(descriptor, bytes, bytes.length));
      must(descriptor, symbols.listen(descriptor, BACKLOG));
      return descriptor;
    },
    makeOurs(listener) {
      const flags = symbols.fcntl(listener, F_GETFL, 0);
      symbols.fcntl(listener, F_SETFL, flags | O_NONBLOCK);
      prepare(listener);
    },
    connect(address) {
      const encoded = encodedOf(address);
      if (encoded === null) return null;
      const { family, bytes } = encoded;
      const descriptor = open(family);
      if (family !== AF_UNIX) prepare(descriptor);
      unpace(descriptor, address);
      const connect = () => symbols.connect(descriptor, bytes, bytes.length);
      let result = connect();
      // With a peer on this machine all is over by now, which only the next call says: to wait for it would cost more. What a signal has
      // interrupted goes on all the same (connect(2)).
      if (result < 0 && UNDER_WAY.includes(calls.errno)) result = connect();
      const pending = result < 0 && UNDER_WAY.includes(calls.errno);
      const isConnected = result === 0 || calls.errno === Errno.EISCONN;
      if (!pending && !isConnected) must(descriptor, result);
      return { descriptor, pending };
    },
    isItself(descriptor, address) {
      length[0] = name.length;
      if (symbols.getsockname(descriptor, name, length) !== 0) return false;
      const encoded = encodedOf(address);
      if (encoded === null) return false;
      const { bytes } = encoded;
      for (let at = 0; at < bytes.length; at++) if (bytes[at] !== name[at]) return false;
      return true;
    },
    errorOf(descriptor) {
      length[0] = 4;
      const asked = symbols.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, word, length);
      const errno = asked === 0 ? word[0]! : calls.errno;
      return errno === 0 ? null : systemError(libc, errno);
    },
    prepare,
    localOf(descriptor) {
      length[0] = name.length;
      if (symbols.getsockname(descriptor, name, length) !== 0) return null;
      return decodeSocketAddress(name, length[0]);
    },
    shutdown: (descriptor) => void symbols.shutdown(descriptor, SHUT_WR),
    tcpInfo(descriptor) {
      length[0] = TCP_INFO_BYTES;
      const asked = symbols.getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info, length);
      return asked === 0 ? decodeTcpInfo(info, 0, length[0]) : null;
    },
    queuedBytes(descriptor) {
      return symbols.ioctl(descriptor, SIOCOUTQ, word) === 0 ? word[0]! : 0;
    },
    close: (descriptor) => void symbols.close(descriptor),
    failure: (errno) => systemError(libc, errno),
  };
}

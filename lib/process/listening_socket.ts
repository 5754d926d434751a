/**
 * A listening socket made for a program that inherits it: as descriptor 0, the FastCGI contract, or as descriptor 3 with
 * LISTEN_FDS, systemd's (sd_listen_fds(3)). Linux only, through FFI: what Deno.listen makes can't be passed on.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { lastError, type Libc, sharedLibc } from "../sys/libc.ts";
import { encodeSocketAddress } from "../sys/socket_address.ts";
import {
  F_DUPFD_CLOEXEC,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../sys/socket_constants.ts";

/** Above the descriptors that programs expect something at. */
const FIRST_SAVED_DESCRIPTOR = 10;

export interface ListeningSocket {
  /** To be given to a program, where that can be done. */
  readonly descriptor: number;
  /** Runs `spawn`, which must be synchronous, while the socket stands in for our descriptor 0. */
  asDescriptorZero<T>(spawn: () => T): T;
  /** Closes our copy; a program that inherited it keeps its own. */
  close(): void;
}

export type OpenedSocket =
  | { readonly ok: true; readonly socket: ListeningSocket }
  | { readonly ok: false; readonly reason: string };

/** Makes a socket that listens at `address`, whose host is an IP address or `localhost`. */
export function openListeningSocket(address: Address, backlog: number): OpenedSocket {
  const name = encodeSocketAddress(address);
  if (name === null) {
    return { ok: false, reason: "a listening socket to inherit needs an IP address, not a name" };
  }
  if (!sharedLibc.ok) {
    return { ok: false, reason: `can't hand a listening socket over: ${sharedLibc.reason}` };
  }
  const { libc } = sharedLibc;
  const { symbols } = libc;
  const failed = (call: string): OpenedSocket => {
    const reason = `${call}: ${lastError(libc)}`;
    if (fd >= 0) symbols.close(fd);
    return { ok: false, reason };
  };
  const fd = symbols.socket(name.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket");
  symbols.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4);
  if (symbols.bind(fd, name.bytes, name.bytes.length) < 0) return failed("bind");
  if (symbols.listen(fd, backlog) < 0) return failed("listen");
  return {
    ok: true,
    socket: {
      descriptor: fd,
      asDescriptorZero: (spawn) => asDescriptorZero(libc, fd, spawn),
      close: () => void symbols.close(fd),
    },
  };
}

/** The copy made by dup2 is inherited; descriptor 0 is what it was, open or closed, afterwards. */
function asDescriptorZero<T>({ symbols }: Libc, fd: number, spawn: () => T): T {
  const saved = symbols.fcntl(0, F_DUPFD_CLOEXEC, FIRST_SAVED_DESCRIPTOR);
  symbols.dup2(fd, 0);
  try {
    return spawn();
  } finally {
    if (saved >= 0) {
      symbols.dup2(saved, 0);
      symbols.close(saved);
    } else symbols.close(0);
  }
}

/**
 * A command that runs `command` with the socket as descriptor 3 when started with it as descriptor 0. LISTEN_PID must
 * be the program's own id, which nobody knows before it runs: a shell says its id and becomes the program.
 */
export function listenFdsCommand(command: readonly string[]): string[] {
  const script = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&0 0</dev/null';
  return ["/bin/sh", "-c", script, "sh", ...command];
}

/**
 * Listening sockets that whoever started us has opened, as systemd does for a socket unit: sd_listen_fds(3). They stay open whether or not we listen
 * at them, so that who connects while we are started again waits in their queues.
 *
 * Linux only, through FFI.
 *
 * @module
 */
import { type Address, FIRST_HANDED, STANDARD_INPUT } from "../base/address.ts";
import { type Libc, sharedLibc } from "./libc.ts";
import { decodeSocketAddress } from "./socket_address.ts";
import { F_DUPFD_CLOEXEC, SO_ACCEPTCONN, SOCK_STREAM, SOL_SOCKET } from "./socket_constants.ts";

/** Above those that programs expect something at. */
const FIRST_COPY = 10;

// Of <fcntl.h> and <sys/socket.h>.
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const SO_TYPE = 3;

/** What is told to a program by its environment; the last one by newer versions. */
const VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] as const;

/** More than anybody hands over. */
const MOST = 1_000;

export interface HandedSocket {
  readonly descriptor: number;
  /** Several may have the same one. */
  readonly name: string;
  /** Where it listens, or why it can't be used. */
  readonly at: Address | { readonly problem: string };
}

export interface Handed {
  readonly sockets: readonly HandedSocket[];
  /** Why there are none. */
  readonly why: string;
  /** Standard input, as inetd(8) hands a socket over; it is among the sockets once it was asked for. */
  standardInput(): HandedSocket;
}

/**
 * Takes what was handed to this process. The environment doesn't tell of it any more, and no program that we start inherits a descriptor of it. To be called
 * once, before there is a program.
 */
export function takeHanded(): Handed {
  const { sockets: named, why } = takeNamed();
  const sockets = [...named];
  let standardInput: HandedSocket | null = null;
  return {
    sockets,
    why,
    standardInput() {
      if (standardInput !== null) return standardInput;
      standardInput = take(STANDARD_INPUT, "");
      sockets.push(standardInput);
      return standardInput;
    },
  };
}

function takeNamed(): Pick<Handed, "sockets" | "why"> {
  const [pid, count, names] = VARIABLES.map((name) => Deno.env.get(name));
  for (const name of VARIABLES) Deno.env.delete(name);
  if (count === undefined) return { sockets: [], why: "LISTEN_FDS is not set" };
  if (pid !== String(Deno.pid)) {
    return {
      sockets: [],
      why: `LISTEN_PID is ${pid ?? "not set"}, and this process is ${Deno.pid}`,
    };
  }
  if (!/^[1-9]\d{0,3}$/.test(count) || Number(count) > MOST) {
    return { sockets: [], why: `LISTEN_FDS is ${JSON.stringify(count.slice(0, 20))}` };
  }
  const list = names?.split(":") ?? [];
  const sockets = Array.from({ length: Number(count) }, (_, index): HandedSocket => {
    return take(FIRST_HANDED + index, list[index] ?? "");
  });
  return { sockets, why: "" };
}

function take(descriptor: number, name: string): HandedSocket {
  if (!sharedLibc.ok) return { descriptor, name, at: { problem: sharedLibc.reason } };
  sharedLibc.libc.symbols.fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return { descriptor, name, at: listenedAt(sharedLibc.libc, descriptor) };
}

/** A further descriptor of it, for whoever closes his. Throws what the system says. */
export function copyOf({ descriptor }: HandedSocket): number {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  const copy = sharedLibc.libc.symbols.fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_COPY);
  if (copy < 0) throw new Error(`descriptor ${descriptor} can't be copied`);
  return copy;
}

function listenedAt({ symbols }: Libc, fd: number): HandedSocket["at"] {
  const name = new Uint8Array(128);
  const length = Uint32Array.of(name.length);
  if (symbols.getsockname(fd, name, length) !== 0) return { problem: "it is no socket" };
  const option = (what: number) => {
    const value = new Int32Array(1);
    symbols.getsockopt(fd, SOL_SOCKET, what, value, Uint32Array.of(value.byteLength));
    return value[0];
  };
  if (option(SO_TYPE) !== SOCK_STREAM) {
    return { problem: "it is no stream socket: it takes ListenStream=" };
  }
  if (option(SO_ACCEPTCONN) !== 1) {
    return { problem: "nobody can connect to it: it takes Accept=no" };
  }
  return decodeSocketAddress(name.subarray(0, length[0])) ??
    { problem: "it is neither TCP nor a unix-domain socket" };
}

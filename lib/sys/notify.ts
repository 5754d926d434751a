/**
 * Telling a service manager of ourselves, by the protocol of sd_notify(3): datagrams of lines to a unix-domain socket. Linux only, through
 * FFI: the runtime sends none (`Deno.listenDatagram` of unix-domain sockets is unstable).
 *
 * @module
 */
import { type Libc, sharedLibc } from "./libc.ts";
import { encodeSocketAddress } from "./socket_address.ts";
import { AF_UNIX, SOCK_CLOEXEC } from "./socket_constants.ts";

// Of <sys/socket.h> and <time.h>.
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;

/** How soon what a manager that reads nothing has not taken is sent again. */
const AGAIN_MS = 100;

/** No more waits for it: what is new matters more. */
const MAX_WAITING = 100;

export interface Notifier {
  /** Sends lines, `NAME=value` each, behind those before; never waits and never throws. */
  send(...lines: readonly string[]): void;
  /** Microseconds of the clock that the manager goes by, which no other of the runtime's is. */
  monotonicUsec(): bigint;
  close(): void;
}

/** `path`: `/run/systemd/notify`, or `@name` of one without a file; gives why it can't be told. */
export function openNotifier(path: string): Notifier | { readonly problem: string } {
  if (!sharedLibc.ok) return { problem: sharedLibc.reason };
  if (!/^[/@]./.test(path)) return { problem: `it is reached by ${path.split(":")[0]} alone` };
  const { libc } = sharedLibc;
  const { symbols } = libc;
  const address = encodeSocketAddress({ transport: "unix", path: path.replace(/^@/, "\0") })!.bytes;
  const fd = symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return { problem: "there is no descriptor for it" };
  const encoder = new TextEncoder();
  const waiting: Uint8Array<ArrayBuffer>[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function isSent(bytes: Uint8Array<ArrayBuffer>): boolean {
    const { length } = bytes;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = symbols.sendto(fd, bytes, BigInt(length), flags, address, address.length);
    return Number(sent) === length;
  }

  function sendAll(): void {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0 && isSent(waiting[0]!)) waiting.shift();
    if (waiting.length === 0) return;
    timer = setTimeout(sendAll, AGAIN_MS);
    Deno.unrefTimer(timer);
  }

  return {
    send(...lines) {
      waiting.push(encoder.encode(lines.join("\n")));
      if (waiting.length > MAX_WAITING) waiting.shift();
      sendAll();
    },
    monotonicUsec: () => monotonicUsec(libc),
    close() {
      clearTimeout(timer);
      symbols.close(fd);
    },
  };
}

function monotonicUsec({ symbols }: Libc): bigint {
  // `struct timespec`: seconds, nanoseconds.
  const time = new BigInt64Array(2);
  symbols.clock_gettime(CLOCK_MONOTONIC, time);
  return time[0]! * 1_000_000n + time[1]! / 1_000n;
}

/**
 * The calls that an event loop makes for every message, bound so that they cost what they do in C: some 5 ns, beside the microsecond of the
 * system call itself.
 *
 * Counts come back as `i32`: an `isize` would be a BigInt each time. Addresses and lengths go in as `usize`, made by
 * `BigInt.asUintN(64, …)`: optimised code keeps such in a register, where it is of what is known to be whole (`BigInt(length | 0)`), while a number would take
 * 72 ns, and of a `u32` the upper half of the register is undefined. An address needs neither a view nor a pointer made for the call; whoever hands it over keeps what it points to.
 *
 * Linux only, through FFI.
 *
 * @module
 */
import { bindCalls, type Libc } from "./libc.ts";
import { MSG_NOSIGNAL } from "./socket_constants.ts";

const RECV = { parameters: ["i32", "usize", "usize", "i32"], result: "i32" } as const;
const SEND = { parameters: ["i32", "usize", "usize", "i32"], result: "i32" } as const;
/** Of a view, where it isn't worth while to know its address. */
const SEND_VIEW = { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" } as const;
const ACCEPT4 = { parameters: ["i32", "usize", "usize", "i32"], result: "i32" } as const;
const EPOLL_CTL = { parameters: ["i32", "i32", "i32", "usize"], result: "i32" } as const;
const USLEEP = { parameters: ["u32"], result: "i32" } as const;
const SCHED_YIELD = { parameters: [], result: "i32" } as const;
const EPOLL_WAIT = { parameters: ["i32", "usize", "i32", "i32"], result: "i32" } as const;

/** Each is bound by its first call: to bind one takes 0.1 ms, of a view 0.2, and hardly one is needed before the program listens. */
const bindRecv = () => bindCalls({ recv: RECV }).recv;
const bindSend = () => bindCalls({ send: SEND }).send;
const bindSendView = () => bindCalls({ send: SEND_VIEW }).send;
const bindAccept4 = () => bindCalls({ accept4: ACCEPT4 }).accept4;
const bindEpollCtl = () => bindCalls({ epoll_ctl: EPOLL_CTL }).epoll_ctl;
const bindUsleep = () => bindCalls({ usleep: USLEEP }).usleep;
const bindSchedYield = () => bindCalls({ sched_yield: SCHED_YIELD }).sched_yield;
const bindEpollWait = () => bindCalls({ epoll_wait: EPOLL_WAIT }).epoll_wait;

/** Each gives -1 where the call failed, and {@linkcode HotCalls.errno} says why, until the next one. */
export interface HotCalls {
  /** Why the last call failed, of whichever function: read at once. */
  readonly errno: number;
  recv(fd: number, address: bigint, length: bigint): number;
  /** Never raises SIGPIPE. */
  send(fd: number, address: bigint, length: bigint): number;
  /** The same of a view. */
  sendView(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  /** Puts the peer's address there; the one at `lengthAddress` is of a `u32`. */
  accept4(fd: number, address: bigint, lengthAddress: bigint, flags: number): number;
  epollCtl(fd: number, operation: number, descriptor: number, address: bigint): number;
  /** Has the thread sleep for so many microseconds, and what the system takes to wake it. */
  pause(us: number): void;
  /** Lets others have the processor that wait for it. */
  yield(): void;
  epollWait(fd: number, address: bigint, most: number, timeoutMs: number): number;
}

let bound: HotCalls | null = null;

/** Those of the thread that asks: `errno` is a thread's own, and so is this module. */
export function hotCalls(libc: Libc): HotCalls {
  return bound ??= bind(libc);
}

function bind(libc: Libc): HotCalls {
  let recv: ReturnType<typeof bindRecv> | null = null;
  let send: ReturnType<typeof bindSend> | null = null;
  let sendView: ReturnType<typeof bindSendView> | null = null;
  let accept4: ReturnType<typeof bindAccept4> | null = null;
  let epollCtl: ReturnType<typeof bindEpollCtl> | null = null;
  let usleep: ReturnType<typeof bindUsleep> | null = null;
  let schedYield: ReturnType<typeof bindSchedYield> | null = null;
  let epollWait: ReturnType<typeof bindEpollWait> | null = null;
  const location = libc.symbols.__errno_location()!;
  // Valid as long as its thread is; read without a call, which would change it.
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return {
    get errno() {
      return errno[0]!;
    },
    recv: (fd, address, length) => (recv ??= bindRecv())(fd, address, length, 0),
    send: (fd, address, length) => (send ??= bindSend())(fd, address, length, MSG_NOSIGNAL),
    sendView: (fd, bytes) =>
      (sendView ??= bindSendView())(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL),
    accept4: (fd, address, lengthAddress, flags) =>
      (accept4 ??= bindAccept4())(fd, address, lengthAddress, flags),
    epollCtl: (fd, operation, descriptor, address) =>
      (epollCtl ??= bindEpollCtl())(fd, operation, descriptor, address),
    pause: (us) => void (usleep ??= bindUsleep())(us),
    yield: () => void (schedYield ??= bindSchedYield())(),
    epollWait: (fd, address, most, timeoutMs) =>
      (epollWait ??= bindEpollWait())(fd, address, most, timeoutMs),
  };
}

/**
 * Where the bytes of an array lie. Those of one that is longer than 64 bytes, or made of an ArrayBuffer, stay there as long as somebody
 * holds the array (V8 moves only what it keeps in its own heap).
 */
export function addressOf(bytes: ArrayBufferView<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>)));
}

/**
 * Many receives and sends by one system call: io_uring(7). None of them waits (MSG_DONTWAIT), so each is complete once the call that makes them is
 * back, and between two calls nothing is under way.
 *
 * The numbers are the same on x86-64 and arm64 (<asm-generic/unistd.h>). Containers often forbid it, and so does `kernel.io_uring_disabled`.
 *
 * Linux only, through FFI.
 *
 * @module
 */
import { Errno, systemError } from "./errno.ts";
import type { HotCalls } from "./hot_calls.ts";
import { bindCalls, type Libc } from "./libc.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL } from "./socket_constants.ts";

// Of <asm-generic/unistd.h>.
const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;

// Of <linux/io_uring.h>.
const IORING_OP_SEND = 26;
const IORING_OP_RECV = 27;
const IORING_ENTER_GETEVENTS = 1;
const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
const IORING_SETUP_DEFER_TASKRUN = 1 << 13;
/** The last is of Linux 5.7: MSG_DONTWAIT is heeded, and both calls are there. */
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_FEAT_FAST_POLL = 1 << 5;
const NEEDED = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_FAST_POLL;

const IORING_OFF_SQ_RING = 0n;
const IORING_OFF_SQES = 0x10000000n;

const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;
const MAP_FAILED = 2n ** 64n - 1n;

/** `struct io_uring_params` in words of four bytes, and what is read there: where in the queues' memory each of their parts is. */
const PARAMS_WORDS = 30;
const SQ_ENTRIES = 0;
const CQ_ENTRIES = 1;
const FLAGS = 2;
const FEATURES = 5;
const SQ_TAIL = 11;
const SQ_MASK = 12;
const SQ_ARRAY = 16;
const CQ_HEAD = 20;
const CQ_TAIL = 21;
const CQ_MASK = 22;
const CQES = 25;

/** `struct io_uring_sqe`, and `struct io_uring_cqe`. */
const SQE_BYTES = 64;
const CQE_WORDS = 4;

/** One thread makes all calls, and the kernel has nothing to do for it in between: 6.1. Older ones take none of it. */
const SETUPS = [IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0];

/** What the system asks for to be tried once more. */
const PASSING: readonly number[] = [Errno.EINTR, Errno.EAGAIN];

const WORD = "i32";
const WIDE = "usize";

/** syscall(2) in its two forms: what takes 32 bits reads no more of a register. */
const SYMBOLS = {
  setup: { name: "syscall", parameters: [WORD, WORD, "buffer"], result: "i32" },
  enter: {
    name: "syscall",
    parameters: [WORD, WORD, WORD, WORD, WORD, WIDE, WIDE],
    result: "i32",
  },
  mmap: { parameters: [WIDE, WIDE, WORD, WORD, WORD, "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", WIDE], result: "i32" },
} as const;

export interface Ring {
  /** Adds a receive to those that {@linkcode Ring.run} makes; who adds it keeps what it points to. Addresses are under 2^53 as the system gives them. */
  recv(fd: number, address: number, length: number): void;
  /** The same of a send. Never raises SIGPIPE. */
  send(fd: number, address: number, length: number): void;
  /** Makes all that were added, and gives in their order how many bytes each took, or `-errno`. Throws what the system says of the ring itself. */
  run(results: Int32Array): void;
  close(): void;
}

let bound: Symbols | null = null;

/** Takes so many calls at a time (a power of two) of the thread that asks for it; null where the system gives none. */
export function openRing(libc: Libc, calls: HotCalls, size: number): Ring | null {
  const symbols = bound ??= bindCalls(SYMBOLS);
  const params = new Int32Array(PARAMS_WORDS);
  const descriptor = setUp(symbols, params, size);
  if (descriptor < 0) return null;
  const mapped: Mapped[] = [];
  const close = () => {
    for (const { pointer, length } of mapped) symbols.munmap(pointer, length);
    libc.symbols.close(descriptor);
  };
  const map = (bytes: number, offset: bigint): ArrayBuffer | null => {
    const length = BigInt(bytes);
    const pointer = symbols.mmap(
      0n,
      length,
      PROT_READ_WRITE,
      MAP_SHARED_POPULATE,
      descriptor,
      offset,
    );
    if (pointer === null || Deno.UnsafePointer.value(pointer) === MAP_FAILED) return null;
    mapped.push({ pointer, length });
    return Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
  };
  const rings = hasAll(params) ? map(ringBytes(params), IORING_OFF_SQ_RING) : null;
  const entries = rings && map(params[SQ_ENTRIES]! * SQE_BYTES, IORING_OFF_SQES);
  if (rings === null || entries === null) {
    close();
    return null;
  }
  const enter = (submitted: number, awaited: number): number => {
    const flags = IORING_ENTER_GETEVENTS;
    const count = symbols.enter(SYS_IO_URING_ENTER, descriptor, submitted, awaited, flags, 0n, 0n);
    if (count >= 0) return count;
    const { errno } = calls;
    if (PASSING.includes(errno)) return 0;
    throw systemError(libc, errno);
  };
  const ring = { ...createQueues(params, rings, entries, enter), close };
  if (isUsable(ring)) return ring;
  close();
  return null;
}

/** Whether it may be used as well: a filter may refuse that alone, and a system without these calls gives another answer. */
function isUsable({ recv, run }: Ring): boolean {
  const results = new Int32Array(1);
  recv(-1, 0, 0);
  try {
    run(results);
  } catch {
    return false;
  }
  return results[0] === -Errno.EBADF;
}

interface Mapped {
  readonly pointer: Deno.PointerObject;
  readonly length: bigint;
}

type Symbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

/** Negative where it is refused. */
function setUp({ setup }: Symbols, params: Int32Array<ArrayBuffer>, size: number): number {
  for (const flags of SETUPS) {
    params.fill(0);
    params[FLAGS] = flags;
    const descriptor = setup(SYS_IO_URING_SETUP, size, params);
    if (descriptor >= 0) return descriptor;
  }
  return -1;
}

function hasAll(params: Int32Array): boolean {
  return (params[FEATURES]! & NEEDED) === NEEDED;
}

/** Both queues lie in one piece. */
function ringBytes(params: Int32Array): number {
  const submissions = params[SQ_ARRAY]! + params[SQ_ENTRIES]! * 4;
  return Math.max(submissions, params[CQES]! + params[CQ_ENTRIES]! * CQE_WORDS * 4);
}

/** What is added, and what came of it; `enter` gives how many the kernel has taken. */
function createQueues(
  params: Int32Array,
  rings: ArrayBuffer,
  entries: ArrayBuffer,
  enter: (submitted: number, awaited: number) => number,
): Omit<Ring, "close"> {
  const words = new Int32Array(rings);
  const at = (offset: number) => params[offset]! >> 2;
  const [sqTail, sqMask] = [at(SQ_TAIL), words[at(SQ_MASK)]!];
  const [cqHead, cqTail, cqMask] = [at(CQ_HEAD), at(CQ_TAIL), words[at(CQ_MASK)]!];
  const cqes = at(CQES);
  // Each place of the queue means the entry of its own number.
  for (let i = 0; i <= sqMask; i++) words[at(SQ_ARRAY) + i] = i;
  const entryWords = new Int32Array(entries);
  let tail = words[sqTail]!;
  let added = 0;

  function add(opcode: number, fd: number, address: number, length: number, flags: number): void {
    const entry = tail & sqMask;
    const word = entry * SQE_BYTES >> 2;
    entryWords[word] = opcode;
    entryWords[word + 1] = fd;
    // Both supported systems are little-endian.
    entryWords[word + 4] = address;
    entryWords[word + 5] = address / 2 ** 32;
    entryWords[word + 6] = length;
    entryWords[word + 7] = flags;
    entryWords[word + 8] = added++;
    tail = tail + 1 | 0;
  }

  /** Gives how many there were. */
  function collect(results: Int32Array): number {
    let head = words[cqHead]!;
    const from = head;
    for (const end = Atomics.load(words, cqTail); head !== end; head = head + 1 | 0) {
      const entry = cqes + (head & cqMask) * CQE_WORDS;
      results[words[entry]!] = words[entry + 2]!;
    }
    Atomics.store(words, cqHead, head);
    return head - from | 0;
  }

  return {
    recv: (fd, address, length) => add(IORING_OP_RECV, fd, address, length, MSG_DONTWAIT),
    send: (fd, address, length) =>
      add(IORING_OP_SEND, fd, address, length, MSG_DONTWAIT | MSG_NOSIGNAL),
    run(results) {
      let [left, awaited] = [added, added];
      added = 0;
      Atomics.store(words, sqTail, tail);
      while (awaited > 0) {
        left -= enter(left, awaited);
        awaited -= collect(results);
      }
    },
  };
}

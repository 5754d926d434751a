/**
 * The few calls of the C library that Deno has no name for; Linux, and only where FFI is permitted.
 *
 * @module
 */

/**
 * What glibc is called by, which the runtime is made for. A musl that has taken its place gives itself for it, as for any name that begins with
 * `libc.` (measured: 1.2.3), so that no other name is to be tried.
 */
const LIBRARY = "libc.so.6";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32", optional: true },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  opendir: { parameters: ["buffer"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  closedir: { parameters: ["pointer"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  getegid: { parameters: [], result: "u32" },
  getppid: { parameters: [], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  signal: { parameters: ["i32", "pointer"], result: "pointer" },
  sigaction: { parameters: ["i32", "pointer", "buffer"], result: "i32" },
  /** Its address alone: a function that does nothing to anybody. */
  abs: { type: "pointer" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  /** glibc's alone. */
  malloc_trim: { parameters: ["usize"], result: "i32", optional: true },
  getpagesize: { parameters: [], result: "i32" },
  umask: { parameters: ["u32"], result: "u32" },
  __errno_location: { parameters: [], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
} as const;

type Name = keyof typeof SYMBOLS;

export interface Libc {
  readonly symbols: Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;
}

/** The library, or why it can't be had. */
export type OpenedLibc =
  | { readonly ok: true; readonly libc: Libc }
  | { readonly ok: false; readonly reason: string };

function openLibc(): OpenedLibc {
  if (Deno.build.os !== "linux") return { ok: false, reason: "it works on Linux alone" };
  try {
    const symbols = bindLazily();
    // Throws where it can't be had.
    void symbols.__errno_location;
    return { ok: true, libc: { symbols } };
  } catch (error) {
    return {
      ok: false,
      reason: `it needs the C library (--allow-ffi): ${(error as Error).message}`,
    };
  }
}

/** Binds calls that somebody has a form of his own of; throws where FFI is not permitted. */
export function bindCalls<S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.StaticForeignLibraryInterface<S> {
  return Deno.dlopen(LIBRARY, symbols).symbols;
}

function bind(name: Name): unknown {
  return bindCalls({ [name]: SYMBOLS[name] })[name];
}

/** Each call is bound when it is first asked for: that takes 0.15 ms, which for all of them would be 7 of the 70 ms of a start. */
function bindLazily(): Libc["symbols"] {
  const symbols = {};
  for (const name of Object.keys(SYMBOLS) as Name[]) {
    Object.defineProperty(symbols, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = bind(name);
        Object.defineProperty(symbols, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return symbols as Libc["symbols"];
}

/** The one that is open as long as the program runs. */
export const sharedLibc: OpenedLibc = openLibc();

/** What the last call that failed says of it; ask before any other call. */
export function lastError(libc: Libc): string {
  return describeError(
    libc,
    new Deno.UnsafePointerView(libc.symbols.__errno_location()!).getInt32(),
  );
}

/** What the system says of an error by its number (errno(3)). */
export function describeError({ symbols }: Libc, errno: number): string {
  return `${Deno.UnsafePointerView.getCString(symbols.strerror(errno)!)} (os error ${errno})`;
}

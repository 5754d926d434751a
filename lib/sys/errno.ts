/**
 * Errors of the system by their numbers (errno(3)), and as what the runtime throws of them: who asks of which class an error is, or reads its
 * words, need not know who made the call.
 *
 * @module
 */
import { describeError, type Libc } from "./libc.ts";

/** Of Linux's <errno.h>, the same on x86-64 and arm64. */
export const Errno = {
  ENOENT: 2,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  EPIPE: 32,
  EPERM: 1,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EALREADY: 114,
  EINPROGRESS: 115,
} as const;

const KINDS: Readonly<Record<number, new (message: string) => Error>> = {
  [Errno.ENOENT]: Deno.errors.NotFound,
  [Errno.EAGAIN]: Deno.errors.WouldBlock,
  [Errno.EACCES]: Deno.errors.PermissionDenied,
  [Errno.EPERM]: Deno.errors.PermissionDenied,
  [Errno.EPIPE]: Deno.errors.BrokenPipe,
  [Errno.EADDRINUSE]: Deno.errors.AddrInUse,
  [Errno.EADDRNOTAVAIL]: Deno.errors.AddrNotAvailable,
  [Errno.ECONNABORTED]: Deno.errors.ConnectionAborted,
  [Errno.ECONNRESET]: Deno.errors.ConnectionReset,
  [Errno.ETIMEDOUT]: Deno.errors.TimedOut,
  [Errno.ECONNREFUSED]: Deno.errors.ConnectionRefused,
};

const NAMES = new Map<number, string>(Object.entries(Errno).map(([name, errno]) => [errno, name]));

/** The error of a call that failed, in the runtime's words and with its name as `code`: words are another library's own. */
export function systemError(libc: Libc, errno: number): Error {
  const error = new (KINDS[errno] ?? Error)(describeError(libc, errno));
  const code = NAMES.get(errno);
  return code === undefined ? error : Object.assign(error, { code });
}

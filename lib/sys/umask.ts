/**
 * The umask, which the runtime has behind a permission for much else of the system.
 *
 * @module
 */
import { sharedLibc } from "./libc.ts";

/**
 * Calls `create`; what it creates has at most `mode` (umask(2)), if the C library can be called. The umask is the process's, so
 * nothing may be awaited.
 */
export function withMode<T>(mode: number, create: () => T): T {
  if (!sharedLibc.ok) return create();
  const { umask } = sharedLibc.libc.symbols;
  const before = umask(0o777 & ~mode);
  try {
    return create();
  } finally {
    umask(before);
  }
}

/**
 * Standard error that nobody reads any more.
 *
 * @module
 */
import { sharedLibc } from "./libc.ts";

const STANDARD_ERROR = 2;

// Of <fcntl.h>.
const O_WRONLY_CLOEXEC = 0o2000001;

const NOWHERE = new TextEncoder().encode("/dev/null\0");

/** Has it lead nowhere, where there is FFI; elsewhere what is written there fails, which harms nobody. */
export function leaveStandardError(): void {
  if (!sharedLibc.ok || Deno.build.os !== "linux") return;
  const { symbols } = sharedLibc.libc;
  const descriptor = symbols.open(NOWHERE, O_WRONLY_CLOEXEC);
  if (descriptor < 0) return;
  symbols.dup2(descriptor, STANDARD_ERROR);
  symbols.close(descriptor);
}

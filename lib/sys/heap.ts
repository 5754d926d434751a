/**
 * Memory that the C library keeps though nobody uses it, given back to the system: glibc's malloc_trim(3). What the runtime's
 * compilers leave behind as a program warms up, on threads of their own, is 12 MiB that would stay for good.
 *
 * @module
 */
import { sharedLibc } from "./libc.ts";

/** Gives back what it can; takes 0.1 to 1 ms. */
export type TrimHeap = () => void;

/** Null where it can't be had. */
export function createTrimHeap(): TrimHeap | null {
  if (!sharedLibc.ok) return null;
  const { malloc_trim } = sharedLibc.libc.symbols;
  return malloc_trim === null ? null : () => void malloc_trim(0n);
}

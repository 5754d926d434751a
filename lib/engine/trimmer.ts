/**
 * Memory that only the C library holds, given back while there are tunnels: what a burst leaves behind is not to stay with a program that is quiet.
 *
 * @module
 */
import { createTrimHeap } from "../sys/heap.ts";

/** How often. */
const TRIM_MS = 2000;

/** Gives what does so, whichever thread's memory it is, as often as that; to be called at each tick. */
export function createTrimmer(trimHeap = createTrimHeap()): (nowMs: number) => void {
  let dueMs = 0;
  return (nowMs) => {
    if (nowMs < dueMs) return;
    dueMs = nowMs + TRIM_MS;
    trimHeap?.();
  };
}

/**
 * Waiting for a descriptor beside whatever else the runtime does: poll(2) in a thread of its own. Linux only, through FFI.
 *
 * @module
 */
import { bindCalls } from "./libc.ts";

const POLLIN = 1;

function bind() {
  return bindCalls({
    poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  }).poll;
}

let bound: ReturnType<typeof bind> | null = null;

/** Makes what waits for one descriptor; it holds that thread, and the program, until it is readable or the time, -1: any, is over. */
export function createUntilReadable(descriptor: number): (timeoutMs: number) => Promise<void> {
  const poll = bound ??= bind();
  // `struct pollfd`: a descriptor and two halves, asked for and answered.
  const asked = new Uint8Array(Int32Array.of(descriptor, POLLIN).buffer);
  return async (timeoutMs) => void await poll(asked, 1n, timeoutMs);
}

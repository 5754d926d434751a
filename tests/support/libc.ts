/** Loaded before all tests: what the program binds of the C library when it first asks for it is bound before a test looks for what it leaves open. */
import { hotCalls } from "../../lib/sys/hot_calls.ts";
import { openRing } from "../../lib/sys/io_uring.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { createUntilReadable } from "../../lib/sys/until_readable.ts";

if (sharedLibc.ok) {
  const { symbols } = sharedLibc.libc;
  const calls = hotCalls(sharedLibc.libc);
  const { recv, send, sendView, accept4, epollCtl, epollWait } = calls;
  calls.yield();
  // Of no descriptor: they fail.
  recv(-1, 0n, 0n);
  send(-1, 0n, 0n);
  sendView(-1, new Uint8Array(0));
  accept4(-1, 0n, 0n, 0);
  epollCtl(-1, 0, 0, 0n);
  epollWait(-1, 0n, 1, 0);
  createUntilReadable(0);
  openRing(sharedLibc.libc, calls, 1)?.close();
  for (const name of Object.keys(symbols) as (keyof typeof symbols)[]) void symbols[name];
}

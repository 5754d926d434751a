/** Loaded before all tests: what the program binds of the C library when it first asks for it is bound before a test looks for what it leaves open. */
import { hotCalls } from "../../lib/sys/hot_calls.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { createUntilReadable } from "../../lib/sys/until_readable.ts";

if (sharedLibc.ok) {
  const { symbols } = sharedLibc.libc;
  hotCalls(sharedLibc.libc);
  createUntilReadable(0);
  for (const name of Object.keys(symbols) as (keyof typeof symbols)[]) void symbols[name];
}

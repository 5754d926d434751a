/** Loaded before all tests: what the program binds of the C library when it first asks for it is bound before a test looks for what it leaves open. */
import { sharedLibc } from "../../lib/sys/libc.ts";

if (sharedLibc.ok) {
  const { symbols } = sharedLibc.libc;
  for (const name of Object.keys(symbols) as (keyof typeof symbols)[]) void symbols[name];
}

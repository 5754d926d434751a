/** Whether the system gives us io_uring: containers often forbid it. */
import { hotCalls } from "../../lib/sys/hot_calls.ts";
import { openRing } from "../../lib/sys/io_uring.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";

export const HAS_RINGS = (() => {
  if (!sharedLibc.ok) return false;
  const ring = openRing(sharedLibc.libc, hotCalls(sharedLibc.libc), 1);
  ring?.close();
  return ring !== null;
})();

/** A test of what needs it. */
export function testRings(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  Deno.test({
    name: HAS_RINGS ? name : `${name} (skipped: the system gives us no io_uring)`,
    ignore: !HAS_RINGS,
    fn,
  });
}

/** Tests of what only runs where the C library can be had. */
import { type Libc, sharedLibc } from "../../../lib/sys/libc.ts";

export function testLoop(
  name: string,
  body: (libc: Libc, t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({
    name: sharedLibc.ok ? name : `${name} (skipped: ${sharedLibc.reason})`,
    ignore: !sharedLibc.ok,
    fn: (t) => sharedLibc.ok ? body(sharedLibc.libc, t) : undefined,
  });
}

import assert from "node:assert/strict";
import { createReleasePages } from "../../lib/sys/pages.ts";
import { residentBytes } from "../support/program.ts";

const MIB = 1024 * 1024;
const IS_LINUX = Deno.build.os === "linux";

Deno.test({
  name:
    "`createReleasePages()` gives memory back, a read under way into it goes on, and what stands around it stays",
  ignore: !IS_LINUX,
  async fn() {
    const release = createReleasePages()!;
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    using near = await Deno.connect({ hostname: "127.0.0.1", port });
    using far = await listener.accept();
    const all = new Uint8Array(64 * MIB).fill(7);
    // Neither begins nor ends at a page.
    const inside = all.subarray(100, -100);
    const reading = near.read(inside);
    const before = residentBytes(Deno.pid);
    release(inside);
    const freed = before - residentBytes(Deno.pid);
    assert.ok(freed > 60 * MIB, `${freed} bytes came back`);
    assert.ok(all.subarray(0, 100).every((byte) => byte === 7));
    assert.ok(all.subarray(-100).every((byte) => byte === 7));
    await far.write(Uint8Array.of(1, 2, 3));
    assert.equal(await reading, 3);
    assert.deepEqual([...all.subarray(100, 103)], [1, 2, 3]);
  },
});

Deno.test({
  name: "`createReleasePages()` leaves what holds no whole page alone",
  ignore: !IS_LINUX,
  fn() {
    const release = createReleasePages()!;
    const all = new Uint8Array(MIB).fill(7);
    for (const length of [0, 1, 4095]) release(all.subarray(1, 1 + length));
    assert.ok(all.every((byte) => byte === 7));
  },
});

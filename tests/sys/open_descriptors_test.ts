import assert from "node:assert/strict";
import { openDescriptors } from "../../lib/sys/open_descriptors.ts";

Deno.test({
  name: "`openDescriptors()` counts what this process has open, no more and no less",
  ignore: Deno.build.os !== "linux",
  fn() {
    const own = [...Deno.readDirSync("/proc/self/fd")].length - 1;
    assert.equal(openDescriptors(), own);
    const before = openDescriptors()!;
    const files = Array.from({ length: 300 }, () => Deno.openSync("/dev/null"));
    try {
      assert.equal(openDescriptors(), before + 300);
    } finally {
      for (const file of files) file.close();
    }
    assert.equal(openDescriptors(), before);
  },
});

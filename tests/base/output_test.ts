import assert from "node:assert/strict";
import { writeText } from "../../lib/base/output.ts";

Deno.test("`writeText()` writes all of a text, however little the stream takes", () => {
  const taken: number[] = [];
  const narrow = {
    writeSync(bytes: Uint8Array): number {
      taken.push(...bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    },
  };
  writeText(narrow, "größer\n");
  assert.equal(new TextDecoder().decode(Uint8Array.from(taken)), "größer\n");
});

Deno.test("`writeText()` drops the text when the reader is gone", async () => {
  const path = await Deno.makeTempFile();
  try {
    using readOnly = await Deno.open(path, { read: true });
    writeText(readOnly, "nobody hears\n");
    assert.equal(await Deno.readTextFile(path), "");
  } finally {
    await Deno.remove(path);
  }
});

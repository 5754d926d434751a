import assert from "node:assert/strict";
import { KeptBytes } from "../../lib/engine/kept_bytes.ts";

Deno.test("`KeptBytes` has what was added, in its order", () => {
  const kept = new KeptBytes();
  assert.equal(kept.bytes.length, 0);
  const source = Uint8Array.from({ length: 1000 }, (_, at) => at);
  kept.add(source, 0, 0);
  for (let at = 0, size = 1; at < 1000; at += size, size = Math.min(2 * size, 1000 - at)) {
    kept.add(source, at, at + size);
  }
  assert.deepEqual(kept.bytes, source);
  assert.equal(kept.length, 1000);
});

Deno.test("`KeptBytes` copies what is there a few times only, however small the pieces", () => {
  const kept = new KeptBytes();
  const rooms = new Set<ArrayBufferLike>();
  for (let at = 0; at < 65_536; at++) {
    kept.add(Uint8Array.of(at), 0, 1);
    rooms.add(kept.bytes.buffer);
  }
  assert.equal(rooms.size, 17);
});

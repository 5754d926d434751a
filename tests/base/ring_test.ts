/** A ring between two threads: whatever is written comes out whole, once and in order, around its end as well. */
import assert from "node:assert/strict";
import { allocateRing, MAX_RECORD_BYTES, Ring } from "../../lib/base/ring.ts";
import { withRandom } from "../support/random.ts";

type Read = [kind: number, numbers: number[], bytes: Uint8Array];

function readAll(ring: Ring): Read[] {
  const all: Read[] = [];
  while (ring.read((...record) => all.push(record)));
  return all;
}

Deno.test("a ring gives what was written, in order, many times around its end", async (t) => {
  await withRandom(t, (random) => {
    const shared = allocateRing();
    const writer = new Ring(shared);
    const reader = new Ring(shared);
    let expected: Read[] = [];
    let around = 0;
    for (let i = 0; i < 3_000; i++) {
      const numbers = Array.from({ length: random.below(20) }, () => random.below(2 ** 31) - 0.5);
      const bytes = new Uint8Array(random.oneIn(20) ? random.below(100_000) : random.below(100));
      random.fill(bytes);
      if (!writer.write(i, numbers, bytes)) {
        assert.deepEqual(readAll(reader), expected, "full, and all of it there");
        expected = [];
        around++;
        assert.ok(writer.write(i, numbers, bytes), "there is room again");
      }
      expected.push([i, numbers, bytes]);
    }
    assert.deepEqual(readAll(reader), expected);
    assert.ok(around > 3, `${around} times full`);
  });
});

Deno.test("a ring takes the longest record wherever it stands", () => {
  const shared = allocateRing();
  const [writer, reader] = [new Ring(shared), new Ring(shared)];
  const bytes = new Uint8Array(MAX_RECORD_BYTES).fill(7);
  for (let i = 0; i < 50; i++) {
    assert.ok(writer.write(i, [i], bytes));
    assert.deepEqual(readAll(reader), [[i, [i], bytes]]);
  }
});

Deno.test("a ring is read by another thread while it is written", async () => {
  const shared = allocateRing();
  const reading = `
    import { Ring } from ${JSON.stringify(new URL("../../lib/base/ring.ts", import.meta.url).href)};
    self.onmessage = ({ data: { shared, count } }) => {
      const ring = new Ring(shared);
      let next = 0;
      let wrong = null;
      const take = (kind, [number], bytes) => {
        if (kind !== next || number !== next * 2) wrong ??= "record " + next + " is " + kind;
        if (bytes.some((byte) => byte !== next % 256)) wrong ??= "bytes of " + next;
        next++;
      };
      while (next < count && wrong === null) ring.read(take);
      self.postMessage(wrong ?? "all");
    };`;
  const url = URL.createObjectURL(new Blob([reading], { type: "application/javascript" }));
  const reader = new Worker(url, { type: "module" });
  const read = new Promise<string>((resolve, reject) => {
    reader.onmessage = ({ data }) => resolve(data);
    reader.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
  const count = 20_000;
  reader.postMessage({ shared, count });
  const writer = new Ring(shared);
  const deadline = performance.now() + 30_000;
  for (let i = 0; i < count;) {
    if (writer.write(i, [i * 2], new Uint8Array(i % 50).fill(i % 256))) i++;
    else if (performance.now() > deadline) break;
  }
  assert.equal(await read, "all");
  reader.terminate();
  URL.revokeObjectURL(url);
});

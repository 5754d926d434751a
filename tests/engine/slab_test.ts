import assert from "node:assert/strict";
import { createSlab } from "../../lib/engine/slab.ts";
import type { WideBytes } from "../../lib/websocket/wide_bytes.ts";

const MIB = 1024 * 1024;
const CHUNK = 64 * MIB;

function takeMany(slab: { take(): WideBytes }, count: number): WideBytes[] {
  return Array.from({ length: count }, () => slab.take());
}

Deno.test("`createSlab()` hands out buffers of its size that don't overlap", () => {
  const slab = createSlab(MIB);
  const buffers = takeMany(slab, 130);
  for (const [index, { bytes, words }] of buffers.entries()) {
    assert.equal(bytes.length, MIB);
    assert.equal(words.length, MIB / 8);
    bytes[0] = bytes[MIB - 1] = index;
  }
  for (const [index, { bytes }] of buffers.entries()) {
    assert.deepEqual([bytes[0], bytes[MIB - 1]], [index, index]);
  }
  assert.equal(slab.used, 130);
  assert.equal(slab.reservedBytes, 3 * CHUNK);
});

Deno.test("`createSlab()` hands out again what came back last, before it touches more", () => {
  const slab = createSlab(MIB);
  const [one, two] = [slab.take(), slab.take()];
  slab.give(one);
  slab.give(two);
  assert.equal(slab.take(), two);
  assert.equal(slab.take(), one);
  assert.equal(slab.used, 2);
});

Deno.test("`createSlab()` gives back all but what is barely used once a burst is over", () => {
  const slab = createSlab(MIB);
  for (const [count, reservedBytes] of [[128, 0], [130, CHUNK], [200, 0]] as const) {
    for (const buffer of takeMany(slab, count)) slab.give(buffer);
    assert.equal(slab.used, 0);
    assert.equal(slab.reservedBytes, reservedBytes);
  }
});

Deno.test("`createSlab()` gives memory back at once, not when garbage is collected", () => {
  const slab = createSlab(MIB);
  const buffers = takeMany(slab, 64);
  for (const buffer of buffers) slab.give(buffer);
  assert.ok(buffers.every(({ bytes }) => bytes.length === 0), "their memory is gone");
});

Deno.test("`createSlab()` empties newer chunks first: the oldest one with room is used", () => {
  const slab = createSlab(MIB);
  const buffers = takeMany(slab, 128);
  slab.give(buffers[100]!);
  slab.give(buffers[3]!);
  assert.equal(slab.take(), buffers[3]);
  for (const buffer of buffers.slice(64)) if (buffer !== buffers[100]) slab.give(buffer);
  assert.equal(slab.reservedBytes, CHUNK);
});

Deno.test("`createSlab()` doesn't map and unmap memory for one tunnel after another", () => {
  const slab = createSlab(256 * 1024);
  const first = [slab.take(), slab.take()];
  for (const buffer of first) slab.give(buffer);
  for (let i = 0; i < 100; i++) {
    const pair = [slab.take(), slab.take()];
    assert(pair.every((buffer) => first.includes(buffer)));
    for (const buffer of pair) slab.give(buffer);
  }
  assert.equal(slab.used, 0);
});

Deno.test("`createSlab()` makes buffers larger than a chunk one at a time", () => {
  const slab = createSlab(CHUNK + 8);
  const buffer = slab.take();
  assert.equal(buffer.bytes.length, CHUNK + 8);
  assert.equal(slab.reservedBytes, CHUNK + 8);
  slab.give(buffer);
  assert.equal(slab.used, 0);
});

Deno.test("`give()` throws at a buffer of another slab", () => {
  const slab = createSlab(MIB);
  const buffer = slab.take();
  assert.throws(() => createSlab(MIB).give(buffer), /not from/);
  slab.give(buffer);
});

Deno.test("`createSlab()` takes any size that is whole bytes, a multiple of eight or not", () => {
  const slab = createSlab(4097);
  for (const { bytes } of takeMany(slab, 9)) assert.equal(bytes.length, 4097);
});

Deno.test("`trim()` gives the pages back of what was free since the last one, each once, and no more than it may", () => {
  const released: Uint8Array[] = [];
  let left = Infinity;
  const slab = createSlab(MIB, (bytes) => left-- > 0 && released.push(bytes) > 0);
  const buffers = takeMany(slab, 64);
  const taken = () =>
    released.splice(0).map((bytes) => buffers.findIndex((b) => b.bytes === bytes));
  for (const buffer of buffers.slice(0, 6)) slab.give(buffer);
  slab.trim();
  assert.deepEqual(taken(), [], "they came back just now");
  // Two are needed again in between, which leaves four that were not.
  assert.deepEqual([slab.take(), slab.take()], [buffers[5], buffers[4]]);
  slab.give(buffers[4]!);
  slab.give(buffers[5]!);
  left = 3;
  slab.trim();
  assert.deepEqual(taken(), [0, 1, 2]);
  left = Infinity;
  slab.trim();
  assert.deepEqual(taken(), [3, 4, 5]);
  slab.trim();
  assert.deepEqual(taken(), []);
  // One without pages is touched again.
  assert.deepEqual(takeMany(slab, 3), [buffers[5], buffers[4], buffers[3]]);
  slab.give(buffers[3]!);
  slab.trim();
  slab.trim();
  assert.deepEqual(taken(), [3]);
});

import assert from "node:assert/strict";
import { type Buffers, createBuffers, ElasticBuffer } from "../../lib/engine/elastic_buffer.ts";
import { plainBuffers } from "../support/plain_buffers.ts";

const SMALL = 1024;
const LARGE = 65536;

/** What is held of each size. */
function held(buffers: ReturnType<typeof plainBuffers>): [small: number, large: number] {
  return [buffers.small.used, buffers.large.used];
}

/** A buffer that has grown. */
function largeBuffer(buffers: Buffers): ElasticBuffer {
  const buffer = new ElasticBuffer(buffers);
  buffer.swap();
  return buffer;
}

Deno.test("`ElasticBuffer` begins small", () => {
  const buffers = plainBuffers(SMALL, LARGE);
  const small = new ElasticBuffer(buffers);
  assert.deepEqual(held(buffers), [1, 0]);
  small.free();
  assert.deepEqual(held(buffers), [0, 0]);
});

Deno.test("`ElasticBuffer` asks for the large size once a read fills its space", () => {
  const buffer = new ElasticBuffer(plainBuffers(SMALL, LARGE));
  buffer.note(767, 768);
  assert.equal(buffer.misfits, false);
  buffer.note(768, 768);
  assert.equal(buffer.misfits, true);
});

Deno.test("`ElasticBuffer.swap()` changes the size and gives the other buffer back", () => {
  const buffers = plainBuffers(SMALL, LARGE);
  const buffer = new ElasticBuffer(buffers);
  buffer.swap();
  assert.deepEqual(held(buffers), [0, 1]);
  assert.equal(buffer.wide.bytes.length, LARGE);
  assert.equal(buffer.misfits, false);
  buffer.free();
  assert.deepEqual(held(buffers), [0, 0]);
});

Deno.test("`ElasticBuffer` asks for the small size after 32 small reads in a row, not before", () => {
  const buffer = largeBuffer(plainBuffers(SMALL, LARGE));
  for (let i = 0; i < 31; i++) buffer.note(512, LARGE);
  buffer.note(513, LARGE);
  for (let i = 0; i < 31; i++) buffer.note(1, LARGE);
  assert.equal(buffer.misfits, false);
  buffer.note(512, LARGE);
  assert.equal(buffer.misfits, true);
});

Deno.test("`ElasticBuffer.rest()` gives a large buffer's pages back once after each read, and a small one's never", () => {
  const released: [at: number, length: number][] = [];
  const buffers = createBuffers(LARGE, (bytes) => void released.push([bytes[0]!, bytes.length]));
  const buffer = new ElasticBuffer(buffers);
  buffer.rest(0);
  assert.deepEqual(released, []);
  buffer.swap();
  buffer.wide.bytes[5] = 7;
  for (let i = 0; i < 2; i++) {
    buffer.rest(5);
    buffer.rest(5);
    assert.deepEqual(released.splice(0), [[7, LARGE - 5]]);
    buffer.note(1, LARGE);
  }
  buffer.free();
});

Deno.test("`createBuffers()` gives back so much at a time, and goes on at a trim a second later", () => {
  let released = 0;
  const buffers = createBuffers(LARGE, () => void released++);
  const all = Array.from({ length: 1030 }, () => largeBuffer(buffers));
  const restAll = () => all.forEach((buffer) => buffer.rest(0));
  buffers.trim(5000);
  restAll();
  assert.equal(released, 1024);
  buffers.trim(5999);
  restAll();
  assert.equal(released, 1024);
  buffers.trim(6000);
  restAll();
  assert.equal(released, 1030);
  for (const buffer of all) buffer.free();
});

/** Every frame size from 0 to 70,000 through the program, both ways, and the sizes where lengths change their form. */
import assert from "node:assert/strict";
import { serveBackend, type Taken } from "../support/backends.ts";
import { BINARY_STREAM } from "../support/byte_stream.ts";
import { eventually } from "../support/eventually.ts";
import { testEngines, testEnginesThat } from "../e2e/engine_limits.ts";
import { startFor } from "../e2e/whole.ts";
import { closePayload, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { createFrameWriter, MAX_HEADER_BYTES } from "./masked_stream.ts";

const LARGEST = 70_000;
const TUNNELS = 2;

/** Checks the client's bytes and sends as many of the stream back. */
async function checkAndAnswer({ reader, write }: Taken): Promise<void> {
  let received = 0;
  for (let bytes; (bytes = await reader.some("the client's bytes")) !== null;) {
    BINARY_STREAM.check(received, bytes);
    await write(bytes);
    received += bytes.length;
  }
}

/** Sends a frame of each size, many a write. */
async function sendSizes(client: RawClient, sizes: Iterable<number>): Promise<void> {
  const writer = createFrameWriter(BINARY_STREAM);
  const batch = new Uint8Array(512 * 1024);
  let filled = 0;
  for (const size of sizes) {
    if (filled + MAX_HEADER_BYTES + size > batch.length) {
      await client.write(batch.subarray(0, filled));
      filled = 0;
    }
    filled = writer.frame(batch, filled, size, Opcode.BINARY);
  }
  await client.write(batch.subarray(0, filled));
}

async function checkAnswers(client: RawClient, total: number): Promise<number> {
  let received = 0;
  while (received < total) {
    const message = await client.message(Opcode.BINARY);
    BINARY_STREAM.check(received, message);
    received += message.length;
  }
  return received;
}

function* every(first: number, step: number): Generator<number> {
  for (let size = first; size <= LARGEST; size += step) yield size;
}

function sum(sizes: Iterable<number>): number {
  let total = 0;
  for (const size of sizes) total += size;
  return total;
}

testEnginesThat(
  "pause a client",
  "frames of every size from 0 to 70,000 arrive, and their bytes come back",
  async (engine) => {
    await using backend = serveBackend(checkAndAnswer);
    await using program = await startFor(engine, backend.address, {
      wstunnel: 'frame-type = "binary"',
    });
    const move = async (first: number) => {
      using client = await openTunnel(program.address);
      const total = sum(every(first, TUNNELS));
      const sending = sendSizes(client, every(first, TUNNELS));
      sending.catch(() => {});
      assert.equal(await checkAnswers(client, total), total);
      await sending;
      await client.send(Opcode.CLOSE, closePayload(1000));
      await client.closed();
    };
    await Promise.all(Array.from({ length: TUNNELS }, (_, first) => move(first)));
  },
);

/** Around every change in the form of a length, and around the sizes of buffers. */
const EDGES = [125, 127, 255, 256, 511, 1024, 2048, 4095, 16_384, 32_767, 65_535, 131_072, 262_144]
  .flatMap((size) => Array.from({ length: 31 }, (_, i) => size - 15 + i));

testEngines(
  "messages one at a time come back: every size to 2,100, and around every edge",
  async (engine) => {
    await using backend = serveBackend(checkAndAnswer);
    await using program = await startFor(engine, backend.address, {
      wstunnel: 'frame-type = "binary"',
    });
    using client = await openTunnel(program.address);
    const exchange = createExchange(client);
    for (let size = 1; size <= 2_100; size++) await exchange(size);
    for (const size of EDGES) await exchange(size);
    // Where the kernel cuts a stream into reads is its own affair, so one try need not do.
    for (const size of [1, 125, 126, 127, 65_535, 65_536]) {
      await eventually(`${size} bytes in one frame`, async () => await exchange(size) === 1);
    }
  },
);

/** Sends one frame, checks the bytes that come back for it, and gives in how many frames they came. */
function createExchange(client: RawClient): (size: number) => Promise<number> {
  const writer = createFrameWriter(BINARY_STREAM);
  const frame = new Uint8Array(300_000);
  return async (size) => {
    const from = writer.sent;
    await client.write(frame.subarray(0, writer.frame(frame, 0, size, Opcode.BINARY)));
    let frames = 0;
    for (let received = 0; received < size; frames++) {
      // That lengths are minimal is checked with each frame.
      const message = await client.message(Opcode.BINARY);
      BINARY_STREAM.check(from + received, message);
      received += message.length;
    }
    return frames;
  };
}

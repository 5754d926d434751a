/** Memory of the program once a burst is over and its tunnels are quiet, and while clients wait for their backend. */
import assert from "node:assert/strict";
import {
  type Backend,
  echo,
  listenSilently,
  openBackend,
  serveBackend,
} from "../support/backends.ts";
import { concat } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { type Settings, startFor } from "../e2e/whole.ts";
import { ONE_WORKER, workerRests } from "../support/workers.ts";
import { DRIVERS, type Engine, testersFor } from "../e2e/engine_limits.ts";
import type { Program } from "../support/program.ts";
import { frame, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { openResettable } from "../support/reset.ts";
import { standStill } from "../support/transfer.ts";
import { inMebibytes, MEBIBYTE } from "./memory.ts";

/** What a busy program's heap grows by; the buffers of the tunnels here are several times as large. */
const NOISE_BYTES = 24 * MEBIBYTE;

const BURST = new Uint8Array(512 * 1024).fill("b".charCodeAt(0));

const BURST_FRAME = frame(Opcode.BINARY, BURST);

const [FIRST, LAST] = new TextEncoder().encode("é") as unknown as [number, number];

/** The frame of half a character, and of a frame with the other half the first bytes. */
const HALVES = concat([
  frame(Opcode.BINARY, Uint8Array.of(FIRST)),
  frame(Opcode.BINARY, Uint8Array.of(LAST)).subarray(0, 3),
]);

const REST = frame(Opcode.BINARY, Uint8Array.of(LAST)).subarray(3);

async function openMany(program: Program, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) clients.push(await openTunnel(program.address));
  return clients;
}

async function fallsBack(program: Program, beforeBytes: number): Promise<void> {
  let bytes = 0;
  await eventually(
    `memory to fall back to about ${inMebibytes(beforeBytes)}`,
    () => (bytes = program.residentBytes()) <= beforeBytes + NOISE_BYTES,
  ).catch((error) => {
    throw new Error(`${error.message}, it is ${inMebibytes(bytes)}`);
  });
}

/** The native engine's buffers are the runtime's. */
const { testEngines: testOurs } = testersFor(DRIVERS.filter((engine) => engine !== "native"));

async function start(
  engine: Engine,
  backend: Pick<Backend, "address">,
  settings: Settings,
): Promise<Program> {
  const program = await startFor(engine, backend.address, { ...settings, top: ONE_WORKER });
  await workerRests(program);
  return program;
}

for (const frameType of ["binary", "text"] as const) {
  testOurs(`quiet tunnels with ${frameType} frames keep no memory of a burst`, async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await start(engine, backend, {
      wstunnel: `frame-type = "${frameType}"`,
    });
    const clients = await openMany(program, 200);
    const before = program.residentBytes();
    for (const client of clients) {
      await Promise.all([client.write(BURST_FRAME), client.payload(BURST.length)]);
      await client.write(HALVES);
      // A text frame holds whole characters: there its first half waits for the other one.
      if (frameType === "binary") assert.deepEqual([...await client.payload(1)], [FIRST]);
    }
    await fallsBack(program, before);
    const rest = frameType === "text" ? [FIRST, LAST] : [LAST];
    for (const client of clients) {
      await client.write(REST);
      assert.deepEqual([...await client.payload(rest.length)], rest, "what was left over is there");
    }
    for (const client of clients) client[Symbol.dispose]();
  });
}

testOurs("a few tunnels that stay keep no memory of the many that left", async (engine) => {
  await using backend = openBackend();
  await using program = await start(engine, backend, { wstunnel: `frame-type = "binary"` });
  const clients = await openMany(program, 400);
  const before = program.residentBytes();
  for (const client of clients) {
    const { reader } = await backend.take();
    await Promise.all([
      client.write(BURST_FRAME),
      reader.exactly(BURST.length, "the burst"),
    ]);
  }
  // Every 40th stays, so that each part of the memory has some of them.
  for (const [index, client] of clients.entries()) {
    if (index % 40 !== 0) client[Symbol.dispose]();
  }
  await program.entry("tunnel closed", clients.length * 39 / 40);
  await fallsBack(program, before);
  for (const client of clients) client[Symbol.dispose]();
});

testOurs(
  "what clients send before their backend is connected is held by the system",
  async (engine) => {
    using backend = await listenSilently();
    await using program = await start(engine, backend, { host: "connect-timeout = 60" });
    const before = program.residentBytes();
    const clients = Array.from({ length: 300 }, () => openResettable(program.address));
    await standStill(clients.map((client) => client.flood(Opcode.BINARY, BURST)));
    const held = program.residentBytes() - before;
    assert.ok(held < NOISE_BYTES, `${inMebibytes(held)} more for ${clients.length} clients`);
    for (const client of clients) client.reset();
  },
);

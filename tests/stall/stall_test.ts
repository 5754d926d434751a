/** Memory of the program while one side reads nothing, and that all arrives once it does. */
import assert from "node:assert/strict";
import { type Backend, openBackend, type Taken } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { startFor } from "../e2e/whole.ts";
import type { Program } from "../support/program.ts";
import { frame, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import {
  createBlock,
  hashAtBackend,
  hashAtClient,
  hashTimes,
  type Sending,
  sendTimes,
  standStill,
} from "../support/transfer.ts";
import { ONE_WORKER, workerRests } from "../support/workers.ts";
import { inMebibytes, MEBIBYTE, peakDuring } from "./memory.ts";
import { PLAIN } from "../e2e/engine_limits.ts";

/** What a stalled tunnel may take of the program's memory. */
const TUNNEL_BYTES = MEBIBYTE;

/** By how much the memory of a program moves that does nothing: garbage that has not been collected. */
const NOISE_BYTES = 4 * MEBIBYTE;

/** The same of a program that moves hundreds of megabytes a second. */
const BUSY_NOISE_BYTES = 16 * MEBIBYTE;

/** Its peak: in one run of five the C library's heap holds 30 MiB more for a moment, however much is moved (measured). */
const BUSY_PEAK_BYTES = 48 * MEBIBYTE;

const BLOCK = createBlock(MEBIBYTE, 64 * 1024);

const GIBIBYTE_TIMES = 1024;

/** What each of many tunnels carries in each direction: more than twice what is under way when it is held up. */
const MANY_TIMES = 32;

/** So many of them go on at a time, while the others are still held up: this process has its own work with each. */
const AT_ONCE = 25;

interface Opened {
  readonly client: RawClient;
  readonly taken: Taken;
}

async function open(program: Program, backend: Backend): Promise<Opened> {
  const client = await openTunnel(program.address);
  return { client, taken: await backend.take() };
}

/** Moves bytes both ways, so that the memory every busy program takes is there before anything is measured. */
async function warmUp(program: Program, backend: Backend, times: number): Promise<void> {
  const { client, taken } = await open(program, backend);
  const length = times * BLOCK.payload.length;
  const up = sendTimes(client.connection, BLOCK.frames, times);
  await hashAtBackend(taken, length);
  const down = sendTimes(taken.connection, BLOCK.payload, times);
  await hashAtClient(client, length);
  await Promise.all([up.done, down.done]);
  client[Symbol.dispose]();
  taken.close();
  await program.entry("tunnel closed");
}

async function withProgram(
  body: (program: Program, backend: Backend) => Promise<void>,
  at: { path?: string } = {},
): Promise<void> {
  await using backend = openBackend(at);
  await using program = await startFor(PLAIN, backend.address, {
    top: ONE_WORKER,
    wstunnel: 'frame-type = "binary"',
  });
  await workerRests(program);
  await warmUp(program, backend, 128);
  await body(program, backend);
}

function dropAll(tunnels: readonly Opened[]): void {
  for (const { client, taken } of tunnels) {
    client[Symbol.dispose]();
    taken.close();
  }
}

/** Checks what was measured, in a step named by it, so that a run shows its figures also under `--quiet`. */
async function checkFigure(
  t: Deno.TestContext,
  what: string,
  bytes: number,
  mostBytes: number,
): Promise<void> {
  const figure = `${what}: +${inMebibytes(bytes)}, at most ${inMebibytes(mostBytes)}`;
  await t.step(figure, () => assert.ok(bytes <= mostBytes, figure));
}

/** Lets a gibibyte be held up, then taken in, and checks memory at both times and the bytes. */
async function stallOne(
  t: Deno.TestContext,
  program: Program,
  start: () => Sending,
  takeIn: (length: number) => Promise<string>,
): Promise<void> {
  const baseline = program.residentBytes();
  const sending = start();
  const stalled = await peakDuring(program, () => standStill([sending]));
  assert.ok(sending.taken < 64 * MEBIBYTE, `held up after ${inMebibytes(sending.taken)}`);
  let hash = "";
  const busy = await peakDuring(program, async () => {
    hash = await takeIn(GIBIBYTE_TIMES * BLOCK.payload.length);
  });
  await sending.done;
  assert.equal(hash, hashTimes(BLOCK.payload, GIBIBYTE_TIMES));
  await checkFigure(t, "stalled", stalled - baseline, TUNNEL_BYTES + NOISE_BYTES);
  await checkFigure(t, "busy then", busy - baseline, TUNNEL_BYTES + BUSY_PEAK_BYTES);
}

Deno.test("a backend that reads nothing costs little while a client sends 1 GiB", async (t) => {
  await withProgram(async (program, backend) => {
    const tunnel = await open(program, backend);
    await stallOne(
      t,
      program,
      () => sendTimes(tunnel.client.connection, BLOCK.frames, GIBIBYTE_TIMES),
      (length) => hashAtBackend(tunnel.taken, length),
    );
    dropAll([tunnel]);
  });
});

Deno.test("a client that reads nothing costs little while a backend sends 1 GiB", async (t) => {
  await withProgram(async (program, backend) => {
    const tunnel = await open(program, backend);
    await stallOne(
      t,
      program,
      () => sendTimes(tunnel.taken.connection, BLOCK.payload, GIBIBYTE_TIMES),
      (length) => hashAtClient(tunnel.client, length),
    );
    dropAll([tunnel]);
  });
});

/** Takes in all that each side of a tunnel of many was sent, and checks it. */
async function takeIn({ client, taken }: Opened): Promise<void> {
  const length = MANY_TIMES * BLOCK.payload.length;
  const hash = hashTimes(BLOCK.payload, MANY_TIMES);
  const hashes = await Promise.all([hashAtBackend(taken, length), hashAtClient(client, length)]);
  assert.deepEqual(hashes, [hash, hash]);
}

// At a unix socket: by TCP on both sides the buffers of 100 come to 1.4 GiB, above which the system (tcp_mem) throws segments
// away, and its retries after them can be tens of seconds apart.
Deno.test("100 tunnels stalled both ways take their part, no more, and give it back", async (t) => {
  const folder = await Deno.makeTempDir();
  await withProgram(async (program, backend) => {
    const baseline = program.residentBytes();
    const tunnels: Opened[] = [];
    for (let i = 0; i < 100; i++) tunnels.push(await open(program, backend));
    const ups = tunnels.map((one) => sendTimes(one.client.connection, BLOCK.frames, MANY_TIMES));
    const downs = tunnels.map((one) => sendTimes(one.taken.connection, BLOCK.payload, MANY_TIMES));
    const stalled = await peakDuring(program, () => standStill([...ups, ...downs]));
    const held = [...ups, ...downs].every(({ taken }) => taken < MANY_TIMES * MEBIBYTE / 2);
    assert.ok(held, "each is held up before half of its bytes are taken");
    await checkFigure(t, "each, stalled", (stalled - baseline) / tunnels.length, TUNNEL_BYTES);

    const draining = await peakDuring(program, async () => {
      for (let at = 0; at < tunnels.length; at += AT_ONCE) {
        await Promise.all(tunnels.slice(at, at + AT_ONCE).map(takeIn));
      }
    });
    const most = TUNNEL_BYTES + BUSY_NOISE_BYTES / tunnels.length;
    await checkFigure(t, "each, draining", (draining - baseline) / tunnels.length, most);
    dropAll(tunnels);
    const highest = baseline + BUSY_NOISE_BYTES;
    const fallsBack = () => program.residentBytes() <= highest;
    await eventually("memory to fall back", fallsBack, COLLECTED_DEADLINE_MS);
  }, { path: `${folder}/s` });
  await Deno.remove(folder, { recursive: true });
});

/** The collector of an idle program takes its time: 8 to 18 s were seen. */
const COLLECTED_DEADLINE_MS = 60_000;

Deno.test("2,000 tunnels, twice, leave no memory behind", async (t) => {
  await withProgram(async (program, backend) => {
    const baseline = program.residentBytes();
    for (let round = 1; round <= 2; round++) {
      const tunnels: Opened[] = [];
      for (let i = 0; i < 2_000; i++) tunnels.push(await open(program, backend));
      const each = (program.residentBytes() - baseline) / tunnels.length;
      await t.step(`${(each / 1024).toFixed(1)} KiB for each`, () => assert.ok(each < 64 * 1024));
      dropAll(tunnels);
      await program.entry("tunnel closed", 1 + 2_000 * round);
    }
    const highest = baseline + BUSY_NOISE_BYTES;
    await eventually(
      "memory to fall back",
      () => program.residentBytes() <= highest,
      COLLECTED_DEADLINE_MS,
    );
  });
});

Deno.test("a client that pings and reads no Pong costs little, and its data still flows", async (t) => {
  await withProgram(async (program, backend) => {
    const tunnel = await open(program, backend);
    const ping = frame(Opcode.PING, new Uint8Array(125).fill(7));
    const pings = new Uint8Array(ping.length * 50_000);
    for (let at = 0; at < pings.length; at += ping.length) pings.set(ping, at);
    const baseline = program.residentBytes();
    const peak = await peakDuring(program, async () => {
      await sendTimes(tunnel.client.connection, pings, 20).done;
      await tunnel.client.send(Opcode.BINARY, "data");
      await tunnel.taken.reader.exactly(4, "what came behind the Pings");
    });
    await checkFigure(t, "a million Pings", peak - baseline, TUNNEL_BYTES + BUSY_NOISE_BYTES);
    dropAll([tunnel]);
  });
});

/** Many tunnels that are busy at once, by io_uring where the system has it for us, and without where it is forbidden: nobody sees which. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { ringCount } from "../support/processes.ts";
import { startProgram, startWords } from "../support/program.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { HAS_RINGS } from "../support/rings.ts";
import { workerRests } from "../support/workers.ts";

const TUNNELS = 64;
const ROUNDS = 60;
const BUSY_TICKS = 20;

/** The length of what a tunnel says in a round: a batch's, and now and then more than that. */
function sizeOf(tunnel: number, round: number): number {
  return round % 25 === 24 ? 20_000 : 1 + (tunnel * 37 + round * 101) % 1_500;
}

/** No two of them are alike. */
function bytesOf(tunnel: number, round: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(tunnel, round));
  for (let i = 0; i < bytes.length; i++) bytes[i] = tunnel * 7 + round * 31 + i * (1 + tunnel);
  return bytes;
}

async function talk(client: RawClient, tunnel: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const said = bytesOf(tunnel, round);
    await client.send(Opcode.BINARY, said);
    for (let at = 0; at < said.length;) {
      const heard = await client.message(Opcode.BINARY);
      assert.deepEqual(heard, said.subarray(at, at + heard.length));
      at += heard.length;
    }
  }
}

/** What the worker of a program has used of a processor, in hundredths of a second (proc(5)). */
function workTicks(pid: number): number {
  const ticks = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
    const stat = Deno.readTextFileSync(`/proc/${pid}/task/${name}/stat`);
    if (!stat.includes("(worker-")) return 0;
    const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
    return Number(user) + Number(system);
  });
  return Math.max(...ticks);
}

/** Has all that is said come back until a worker has carried much of it; gives how many rings there are then. */
async function ringsOf(words: readonly [string, ...string[]]): Promise<number> {
  await using backend = serveBackend(echo);
  const args = ["--server", backend.address, "--frame-type", "binary", "--workers", "1"];
  await using program = await startProgram([...args, "--engine", "loop"], { words });
  await workerRests(program);
  const before = workTicks(program.pid);
  const clients: RawClient[] = [];
  try {
    for (let i = 0; i < TUNNELS; i++) clients.push(await openTunnel(program.address));
    await eventually("a worker that was busy", async () => {
      await Promise.all(clients.map(talk));
      return workTicks(program.pid) - before >= BUSY_TICKS;
    });
    assert.deepEqual(program.entries("tunnel closed"), []);
    return ringCount(program.pid);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}

Deno.test("tunnels that are busy at once share a ring for each worker, where the system has one", async () => {
  assert.equal(await ringsOf(startWords()), Number(HAS_RINGS));
});

const PYTHON = installed("python3");

Deno.test({
  name: PYTHON === null
    ? "where io_uring is forbidden they go on without (skipped: python3 is not installed)"
    : "where io_uring is forbidden they go on without",
  ignore: PYTHON === null,
  async fn() {
    const launcher = new URL("../support/without_io_uring.py", import.meta.url).pathname;
    assert.equal(await ringsOf([PYTHON!, launcher, "setup", ...startWords()]), 0);
  },
});

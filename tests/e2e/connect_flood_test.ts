/**
 * Thousands of connections of one address that say nothing or half of what they should, again and again: how long others take to have a tunnel, and
 * what is left of it all.
 */
import assert from "node:assert/strict";
import { serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { readLines } from "../support/lines.ts";
import { connectionCount, descriptorCount } from "../support/processes.ts";
import { type Program, startWords } from "../support/program.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { BINARY_FRAMES, startFor, text } from "./whole.ts";
import { PLAIN } from "./engine_limits.ts";

const PYTHON = installed("python3");

const HALF_HEADS = 2_000;
const SILENT = 2_000;
/** So many are opened each second, at first and then in place of those that were closed. */
const PER_SECOND = 1_000;

/** So many tunnels are opened at least, one after the other, before the flood, as it comes and while it is there. */
const OPENED = 200;

/** Between two of them. */
const PAUSE_MS = 5;

/** On a machine that others share no time says anything that is shorter. Who is not let in at once waits a second for the system's next try. */
const FLOOR_MS = 500;

const MEBIBYTE = 1024 * 1024;

/** How many descriptors we may have. */
const MOST_DESCRIPTORS = Number(
  new TextDecoder().decode(
    new Deno.Command("sh", { args: ["-c", "ulimit -Hn"] }).outputSync().stdout,
  )
    .replace("unlimited", "Infinity"),
);

/** Enough for all of the flood to be held. */
const MANY = 16_384;

/** Opens tunnels as others do until it is enough, and gives how long each took, in milliseconds, sorted. */
async function connectTimes(program: Program, isEnough = () => true): Promise<number[]> {
  const times: number[] = [];
  while (times.length < OPENED || !isEnough()) {
    assert.ok(times.length < 100 * OPENED, "it goes on and on");
    const began = performance.now();
    const client = await openTunnel(program.address);
    times.push(performance.now() - began);
    await say(client, "hello");
    client[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return times.sort((a, b) => a - b);
}

async function say(client: RawClient, words: string): Promise<void> {
  await client.send(Opcode.BINARY, words);
  assert.equal(text(await client.payload(words.length)), words);
}

/** The time that a share of them took at most. */
function quantile(times: readonly number[], share: number): number {
  return times[Math.floor(share * (times.length - 1))]!;
}

function flood({ address }: Program) {
  const { hostname, port } = new URL(`tcp://${address}`);
  const script = new URL("flood.py", import.meta.url).pathname;
  const counts = [HALF_HEADS, SILENT, PER_SECOND].map(String);
  const child = new Deno.Command(PYTHON!, {
    args: [script, hostname, port, "127.0.0.2", ...counts],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = readLines(child.stdout);
  return {
    lines,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await Promise.all([child.status, lines.ended]);
    },
  };
}

const CASES = [
  { what: "with 1024 descriptors", descriptors: 1024, top: "" },
  { what: "all of them being held", descriptors: MANY, top: "max-pending = 0" },
];

for (const { what, descriptors, top } of CASES) {
  Deno.test({
    name:
      `${PLAIN}: a flood of heads that don't come keeps nobody waiting, nor takes what a tunnel needs, ${what}`,
    ignore: PYTHON === null || MOST_DESCRIPTORS < descriptors,
    async fn() {
      await using backend = serveBackend(async ({ connection, write }) => {
        const bytes = new Uint8Array(1024);
        // Without a deadline: one tunnel is there all the time.
        for (let count; (count = await connection.read(bytes)) !== null;) {
          await write(bytes.subarray(0, count));
        }
      });
      const limited = ["-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", ...startWords()];
      await using program = await startFor(PLAIN, backend.address, {
        top,
        wstunnel: BINARY_FRAMES,
        words: ["sh", ...limited],
      });
      const old = await openTunnel(program.address);
      await connectTimes(program);
      const usual = await connectTimes(program);
      const rest = { bytes: program.residentBytes(), connections: connectionCount(program.pid) };
      let most = 0;
      {
        await using flooding = flood(program);
        const early = await connectTimes(program, () => flooding.lines.all.length > 0);
        most = descriptorCount(program.pid);
        const late = await connectTimes(program);
        most = Math.max(most, descriptorCount(program.pid));
        for (const [when, times] of [["at first", early], ["later", late]] as const) {
          for (const share of [0.5, 0.95]) {
            const [usually, now] = [quantile(usual, share), quantile(times, share)];
            const said = `${when}: ${
              100 * share
            } % took ${usually} ms at most, now ${now} ms, of ${times.length}`;
            if (Deno.env.has("WSTUNNEL_SHOW")) console.log(said);
            assert.ok(now <= Math.max(2 * usually, FLOOR_MS), said);
          }
        }
        await say(old, "still here");
      }
      if (top !== "") assert.ok(most > HALF_HEADS + SILENT, `${most} descriptors`);
      assert.ok(most < descriptors, `${most} descriptors`);
      await eventually(
        "the connections of the flood",
        () => connectionCount(program.pid) <= rest.connections + 2,
      );
      if (Deno.env.has("WSTUNNEL_SHOW")) {
        const now = { bytes: program.residentBytes(), connections: connectionCount(program.pid) };
        console.log({ rest, most, now });
      }
      await say(old, "and after it");
      const grownBy = () => program.residentBytes() - rest.bytes;
      assert.ok(grownBy() < 64 * MEBIBYTE, `grew by ${grownBy()} bytes`);
      // The runtime collects its garbage when nothing has happened for some twenty seconds.
      const isBack = () => grownBy() < 12 * MEBIBYTE;
      if (top !== "") await eventually("its memory", isBack, 60_000);
      old[Symbol.dispose]();
      if (top === "") assert.ok(program.entries("connection dropped").length > 0);
      assert.ok(program.log.all.length < 5_000, "the log is no flood");
    },
  });
}

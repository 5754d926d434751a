/** A program that prints as fast as it can, and everybody else. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { type Program } from "../support/program.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { BINARY_FRAMES, hostLines, startWithFile, text } from "./whole.ts";

const MIB = 1024 * 1024;

/** How long others may wait for it, besides four times as long as without it. */
const LATENCY_MS = 50;

const ROUND_TRIPS = 100;
const GAP_MS = 10;

/** Lines of its output that are logged: at once, and in a second. */
const BURST = 200;
const LINES_PER_SECOND = 50;

/** Milliseconds that each of some round trips took, sorted. */
async function latencies(client: RawClient): Promise<number[]> {
  const took: number[] = [];
  while (took.length < ROUND_TRIPS) {
    const start = performance.now();
    await client.send(Opcode.BINARY, "?");
    await client.payload(1);
    took.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
  }
  return took.sort((a, b) => a - b);
}

/** What most of them took: one or the other may have met something else on a machine that is shared. */
function mostOf(took: readonly number[]): number {
  return took[Math.floor(took.length * 0.9)]!;
}

async function assertInTime(client: RawClient, usualMs: number): Promise<void> {
  const most = mostOf(await latencies(client));
  assert.ok(most < LATENCY_MS + 4 * usualMs, `${most} ms, usually ${usualMs}`);
}

/** With a backend that echoes behind `/echo`, and a host given as TOML behind `/noisy`. */
async function withNoise(
  host: string,
  top: string,
  body: (program: Program, quiet: RawClient, usualMs: number) => Promise<void>,
): Promise<void> {
  await using backend = serveBackend(echo);
  await using program = await startWithFile(`
grace-time = 1
[wstunnel]
${BINARY_FRAMES}
${top}
[[wstunnel.server."/echo"]]
${hostLines(backend.address)}
[[wstunnel.server."/noisy"]]
${host}
`);
  using quiet = await openTunnel(program.address, "/echo");
  await body(program, quiet, mostOf(await latencies(quiet)));
}

const outputOf = ({ log }: Program) =>
  log.all.map((line) => JSON.parse(line)).filter(({ message, line }) =>
    message === "output" && line === "y"
  );

for (const debug of [3, 4]) {
  Deno.test(`a program that floods its standard error holds nobody up, at debug = ${debug}`, async () => {
    await withNoise(
      `exec = ["/bin/sh", "-c", "yes >&2"]`,
      `debug = ${debug}`,
      async (program, quiet, usualMs) => {
        const start = performance.now();
        using _noisy = await openTunnel(program.address, "/noisy");
        await assertInTime(quiet, usualMs);
        using another = await openTunnel(program.address, "/echo");
        await assertInTime(another, usualMs);
        const left = await program.entry("output left out");
        assert.ok(Number(left.lines) > BURST, `${left.lines}`);
        assert.equal(left.program, "exec:/bin/sh");
        const seconds = (performance.now() - start) / 1000;
        const lines = outputOf(program).length;
        assert.ok(lines >= BURST, `${lines} lines`);
        assert.ok(lines <= BURST + LINES_PER_SECOND * (seconds + 1), `${lines} lines`);
        program.signal("SIGTERM");
        assert.equal(await program.exit(), 0);
      },
    );
  });
}

Deno.test("a program kept by bin-path that floods both of its outputs holds nobody up", async () => {
  const port = freePort();
  const server = new URL("../support/noisy_server.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "--allow-all", server, String(port)];
  await withNoise(
    `port = ${port}\nbin-path = ${JSON.stringify(command)}\nmax-procs = 1`,
    "",
    async (program, quiet, usualMs) => {
      using noisy = await openTunnel(program.address, "/noisy");
      await noisy.send(Opcode.BINARY, "go");
      assert.equal(text(await noisy.payload(2)), "go");
      await program.entry("output left out");
      await assertInTime(quiet, usualMs);
      await assertInTime(noisy, usualMs);
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
    },
  );
});

Deno.test("much output takes no memory, and its last lines are in the log", async () => {
  const script =
    "read -r go; yes 0123456789 | head -c 67108864 >&2; sleep 1; echo last >&2; echo over";
  await withNoise(`exec = ["/bin/sh", "-c", ${JSON.stringify(script)}]`, "", async (program) => {
    using noisy = await openTunnel(program.address, "/noisy");
    const before = program.residentBytes();
    await noisy.send(Opcode.BINARY, "\n");
    let most = before;
    let over = false;
    const ended = noisy.payload(5).then(() => over = true);
    await eventually("its end", () => {
      most = Math.max(most, program.residentBytes());
      return over;
    });
    await ended;
    await program.log.find(/last"/);
    const grown = (most - before) / MIB;
    assert.ok(grown < 32, `grew by ${grown} MiB`);
  });
});

/** What a connect meets where local ports run out: a range of two of them, in a network of the program's own. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { NO_IPV6, NO_NETWORK, serveInNetwork, wordsInNetwork } from "../support/network.ts";
import type { Program } from "../support/program.ts";
import { handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";
import { report } from "./report.ts";
import { BINARY_FRAMES, startFor } from "./whole.ts";

const PORTS = "40000 40001";

async function withProgram(
  engine: Engine,
  backend: string,
  body: (program: Program) => Promise<void>,
  ...commands: readonly string[]
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using program = await startFor(engine, backend, {
      wstunnel: BINARY_FRAMES,
      host: "disable-time = 0.01",
      // Sockets in the file system are no part of a network.
      listen: [`unix:${folder}/s`],
      words: wordsInNetwork(PORTS, ...commands),
    });
    await body(program);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function answerOf(program: Program): Promise<{ status: number; body: string }> {
  using client = await openRaw(program.address);
  await client.write(handshake());
  const response = await client.head();
  const body = response.status === 101 ? "" : await client.body(response);
  return { status: response.status, body };
}

function testInNetwork(name: string, fn: (engine: Engine) => Promise<void>): void {
  const suffix = NO_NETWORK === null ? "" : ` (skipped: ${NO_NETWORK})`;
  for (const engine of ENGINES) {
    Deno.test({
      name: `${engine}: ${name}${suffix}`,
      ignore: NO_NETWORK !== null,
      fn: () => fn(engine),
    });
  }
}

/** By name the other address is refused, which tells nothing of the one that can't be tried. */
for (const backend of ["127.0.0.1:7000", "localhost:7000"]) {
  testInNetwork(
    `with no local port left to ${backend}: 503 with that reason, told once, and the backend is not called down`,
    (engine) =>
      withProgram(engine, backend, async (program) => {
        await using _backend = await serveInNetwork(program.pid, 7000);
        using first = await openTunnel(program.address);
        using _second = await openTunnel(program.address);
        for (let i = 0; i < 5; i++) {
          assert.deepEqual(await answerOf(program), {
            status: 503,
            body: "no local port is left\n",
          });
        }
        const { rows: [row] } = await report(program);
        assert.deepEqual([row!.state, row!.failures, row!.load], ["up", 0, 2]);
        const told = program.entries("no local port is left to connect a backend");
        assert.deepEqual(told.map((entry) => entry.backend), [backend]);
        assert.deepEqual(program.entries("every backend of the route is down"), []);

        // Its backend ends it, so that the port is free at once.
        await first.send(Opcode.BINARY, "go");
        assert.equal((await first.closed()).code, 1000);
        await eventually(
          "a port that is free",
          async () => (await answerOf(program)).status === 101,
        );
      }),
  );
}

testInNetwork(
  "a backend that is down is called so where there is no IPv6, though the system says the same of both",
  (engine) =>
    withProgram(engine, "localhost:7000", async (program) => {
      assert.equal((await answerOf(program)).body, "no backend can be reached\n");
      assert.equal((await report(program)).rows[0]!.failures, 1);
    }, NO_IPV6),
);

testInNetwork(
  "a dead backend at a port that connects come from is not connected to itself",
  (engine) =>
    withProgram(engine, "127.0.0.1:40000", async (program) => {
      for (let i = 0; i < 20; i++) {
        assert.deepEqual(await answerOf(program), {
          status: 503,
          body: "no backend can be reached\n",
        });
      }
      assert.deepEqual(program.entries("tunnel opened"), []);
      const { reason } = await program.entry("every backend of the route is down");
      assert.match(String(reason), /Connection refused/);
    }),
);

/** Of two hosts one answers nothing: who waits for it. */
import assert from "node:assert/strict";
import { echo, listenSilently, serveBackend } from "../support/backends.ts";
import { openTunnel } from "../support/raw_client.ts";
import { DRIVERS } from "./engine_limits.ts";
import { report } from "./report.ts";
import { BINARY_FRAMES, startFor } from "./whole.ts";

const CONNECT_TIMEOUT_MS = 1_000;
const DISABLE_MS = 500;
const CLIENTS = 8;
const LOAD_MS = 5_000;

interface Opening {
  readonly startMs: number;
  readonly endMs: number;
}

/** Opens tunnels, several at a time, each for a moment, and gives those that had to wait. */
async function openUnderLoad(
  address: string,
  forMs: number,
): Promise<{ count: number; slow: Opening[] }> {
  const slow: Opening[] = [];
  let count = 0;
  const endsAt = performance.now() + forMs;
  const client = async () => {
    while (performance.now() < endsAt) {
      const startMs = performance.now();
      (await openTunnel(address))[Symbol.dispose]();
      const endMs = performance.now();
      count++;
      if (endMs - startMs >= CONNECT_TIMEOUT_MS * 0.9) slow.push({ startMs, endMs });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return { count, slow: slow.sort((a, b) => a.startMs - b.startMs) };
}

for (const engine of DRIVERS) {
  for (const balance of ["fair", "round-robin"]) {
    Deno.test(`${engine}, ${balance}: after a host's first timeout one request at a time tries it again, the others go on`, async () => {
      using silent = await listenSilently();
      await using backend = serveBackend(echo);
      await using program = await startFor(engine, [silent.address, backend.address], {
        wstunnel: `${BINARY_FRAMES}\nbalance = "${balance}"`,
        host: `connect-timeout = ${CONNECT_TIMEOUT_MS / 1000}\ndisable-time = ${DISABLE_MS / 1000}`,
      });
      (await openTunnel(program.address))[Symbol.dispose]();
      await program.entry("backend is down");

      const { count, slow } = await openUnderLoad(program.address, LOAD_MS);
      assert.ok(count > 100, `${count}`);
      assert.ok(slow.length >= 2, "it is tried again");
      for (const [index, { startMs }] of slow.entries()) {
        const before = slow[index - 1];
        assert.ok(before === undefined || startMs >= before.endMs, "one at a time");
      }
      const { rows: [row] } = await report(program);
      assert.equal(row!.failures, slow.length + 1);
    });
  }
}

/** Clients that reset their connections at random moments, as many phones do whose network changes: nothing is left of them. */
import assert from "node:assert/strict";
import { serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { connectionCount } from "../support/processes.ts";
import type { Program } from "../support/program.ts";
import { PLAIN } from "./engine_limits.ts";
import { BINARY_FRAMES, startFor } from "./whole.ts";

const PYTHON = installed("python3");

const CLIENTS = Number(Deno.env.get("WSTUNNEL_RESETS_CLIENTS") ?? 300);
const SECONDS = Number(Deno.env.get("WSTUNNEL_RESETS_SECONDS") ?? 3);

/** What a busy program's heap grows by. */
const NOISE_BYTES = 32 * 1024 * 1024;

/** The collector of an idle program takes its time: 8 to 18 s were seen. */
const COLLECTED_DEADLINE_MS = 60_000;

/** Gives how many came. */
async function comeAndReset(program: Program, clients: number, seconds: number): Promise<number> {
  const script = new URL("resets.py", import.meta.url).pathname;
  const port = program.address.split(":")[1]!;
  const { success, stdout } = await new Deno.Command(PYTHON!, {
    args: [script, port, `${clients}`, `${seconds}`],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  return Number(new TextDecoder().decode(stdout));
}

Deno.test({
  name: `${PLAIN}: clients that reset at random moments leave no descriptor and no memory${
    PYTHON === null ? " (skipped: python3 isn't installed)" : ""
  }`,
  ignore: PYTHON === null,
  async fn(t) {
    await using backend = serveBackend(async ({ connection, write }) => {
      const bytes = new Uint8Array(4096);
      for (let count; (count = await connection.read(bytes)) !== null;) {
        await write(bytes.subarray(0, count));
      }
    });
    await using program = await startFor(PLAIN, backend.address, { wstunnel: BINARY_FRAMES });
    const few = connectionCount(program.pid);
    const gone = () =>
      eventually("all of them to be gone", () => connectionCount(program.pid) <= few);
    // All of its threads, and what they need once.
    await comeAndReset(program, CLIENTS, 1);
    await gone();
    const before = program.residentBytes();
    const came = await comeAndReset(program, CLIENTS, SECONDS);
    await gone();
    let more = 0;
    const isBack = () => (more = program.residentBytes() - before) <= NOISE_BYTES;
    await eventually("memory to fall back", isBack, COLLECTED_DEADLINE_MS);
    await t.step(`${came} clients, ${(more / 2 ** 20).toFixed(1)} MiB more`, () => {
      assert.ok(came > CLIENTS);
    });
    assert.deepEqual(program.entries("a defect in wstunnel, please report it"), []);
  },
});

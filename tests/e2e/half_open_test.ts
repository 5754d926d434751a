/** Of two hosts one answers nothing: who waits for it. */
import assert from "node:assert/strict";
import { echo, listenSilently, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { openTunnel } from "../support/raw_client.ts";
import { DRIVERS } from "./engine_limits.ts";
import { report } from "./report.ts";
import { BINARY_FRAMES, startFor } from "./whole.ts";

const CLIENTS = 8;

/** How often the host is tried again. */
const TRIES = 2;

/** Clients that open tunnels, one after the other, each for a moment. */
function openUnderLoad(address: string) {
  let over = false;
  let opened = 0;
  const client = async () => {
    while (!over) {
      (await openTunnel(address))[Symbol.dispose]();
      opened++;
    }
  };
  const all = Promise.all(Array.from({ length: CLIENTS }, client));
  // Who ends it hears of its failure.
  all.catch(() => {});
  return {
    get opened() {
      return opened;
    },
    async end() {
      over = true;
      await all;
    },
  };
}

for (const engine of DRIVERS) {
  for (const balance of ["fair", "round-robin"]) {
    Deno.test(`${engine}, ${balance}: after a host's first timeout one request at a time tries it again, the others go on`, async () => {
      using silent = await listenSilently();
      await using backend = serveBackend(echo);
      await using program = await startFor(engine, [silent.address, backend.address], {
        wstunnel: `${BINARY_FRAMES}\nbalance = "${balance}"`,
        host: "connect-timeout = 2\ndisable-time = 0.5",
      });
      (await openTunnel(program.address))[Symbol.dispose]();
      await program.entry("backend is down");

      const load = openUnderLoad(program.address);
      // How many tunnels there were before each try, by the failures until then, and behind it.
      const tries = new Map<number, { readonly before: number; readonly behind: number }>();
      await eventually("some tries", async () => {
        const { rows: [row] } = await report(program);
        assert.ok(row!.load <= 1, "one at a time");
        if (row!.load === 1) {
          const { before } = tries.get(row!.failures) ?? { before: load.opened };
          tries.set(row!.failures, { before, behind: load.opened });
        }
        return row!.failures > TRIES;
      });
      await load.end();
      assert.deepEqual([...tries.keys()].slice(0, TRIES), [1, 2]);
      for (const { before, behind } of [...tries.values()].slice(0, TRIES)) {
        assert.ok(behind > before, "the others go on");
      }
    });
  }
}

/** Targets under configurations that follow each other. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { startServer } from "./swap_rig.ts";

function targets(file: string) {
  return { wstunnel: `[wstunnel.server."/t"]\ntargets = { file = "${file}" }`, routes: {} };
}

Deno.test("a swap changes where tokens lead; tunnels stay, and are in the report as long as they do", async () => {
  await using one = serveBackend(echo);
  await using two = serveBackend(echo);
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a`, `desk: ${one.address}\nold: ${one.address}\n`);
    await Deno.writeTextFile(`${folder}/b`, `desk: ${two.address}\n`);
    await using running = await startServer(targets(`${folder}/a`));
    const { address } = running;
    const rows = () =>
      running.rows("/t").map(({ backend, state, load }) => ({ backend, state, load }));
    const first = await openTunnel(address, "/t?token=desk");
    running.swap(targets(`${folder}/b`));
    const second = await openTunnel(address, "/t?token=desk");
    await assert.rejects(openTunnel(address, "/t?token=old"), /refused: 403/);
    assert.deepEqual(rows(), [
      { backend: one.address, state: "up", load: 1 },
      { backend: two.address, state: "up", load: 1 },
    ]);
    const other = `host = "127.0.0.1"\nport = ${new URL(`tcp://${two.address}`).port}`;
    running.swap({ routes: { "/other": [other] } });
    assert.deepEqual(rows().map(({ state }) => state), ["draining", "draining"]);
    for (const client of [first, second]) {
      await client.send(Opcode.BINARY, "hello");
      assert.equal((await client.payload(5)).length, 5);
      await client.close(1000);
      client[Symbol.dispose]();
    }
    await eventually("no row of it", () => rows().length === 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

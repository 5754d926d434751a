/** Listeners that a reload opens, closes and changes, and those that it leaves alone. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { startProgram } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";

/** A port that is free now. */
function freeAddress(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `127.0.0.1:${listener.addr.port}`;
}

async function visit(address: string): Promise<void> {
  const client = await openTunnel(address, "/");
  await client.send(2, "hello");
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
  client.end();
}

for (const engine of ["stream", "native"]) {
  Deno.test(`${engine}: a reload opens and closes listeners, and leaves those alone that stay`, async () => {
    await using backend = serveBackend(echo);
    const folder = await Deno.makeTempDir();
    const file = `${folder}/wstunnel.toml`;
    const [first, second] = [freeAddress(), freeAddress()];
    const path = `unix:${folder}/s`;
    const write = (listen: readonly string[]) =>
      Deno.writeTextFile(
        file,
        `listen = ${JSON.stringify(listen)}
engine = "${engine}"
[[wstunnel.server."/"]]
port = ${new URL(`tcp://${backend.address}`).port}
`,
      );
    await write(["127.0.0.1:0", first, path]);
    try {
      await using program = await startProgram(["--config", file], { listen: [], listeners: 3 });
      const reload = async (listen: readonly string[], holds = true) => {
        const message = holds
          ? "the configuration holds from now on"
          : "the configuration is wrong, the one before it still holds";
        const before = program.entries(message).length;
        await write(listen);
        program.signal("SIGHUP");
        await program.entry(message, before + 1);
      };
      const staying = await openTunnel(program.address, "/");
      const leaving = await openTunnel(first, "/");

      await reload(["127.0.0.1:0", second]);
      await program.entry(`no longer listening on ${first}`);
      await program.entry(`no longer listening on ${path}`);
      for (const address of [program.address, second]) await visit(address);
      await assert.rejects(visit(first), Deno.errors.ConnectionRefused);
      await assert.rejects(Deno.stat(`${folder}/s`), Deno.errors.NotFound);

      await using other = serveBackend(echo);
      await reload(["127.0.0.1:0", first, other.address], false);
      assert.match(
        program.log.all.join("\n"),
        RegExp(`cannot listen on ${other.address}: another program listens there`),
      );
      for (const address of [program.address, second]) await visit(address);
      await assert.rejects(visit(first), Deno.errors.ConnectionRefused);

      await reload(["127.0.0.1:0", first, path]);
      for (const address of [program.address, first, path]) await visit(address);

      for (const client of [staying, leaving]) {
        await client.send(2, "on");
        assert.equal(new TextDecoder().decode(await client.payload(2)), "on");
        client.end();
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

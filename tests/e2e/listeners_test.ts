/** Listeners that a reload opens, closes and changes, and those that it leaves alone. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { startProgram, startWords } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { visitors } from "../support/visitors.ts";

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

for (const engine of ["stream", "loop", "native"]) {
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
max-connections-per-client = 0
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
          : "the reload is refused, the configuration before it still holds";
        const before = program.entries(message).length;
        await write(listen);
        program.signal("SIGHUP");
        await program.entry(message, before + 1);
      };
      const coming = visitors(program.address, 100);
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

      const port = new URL(`tcp://${first}`).port;
      await reload(["127.0.0.1:0", `0.0.0.0:${port}`], false);
      assert.match(
        program.log.all.join("\n"),
        RegExp(
          `cannot listen on 0.0.0.0:${port}: ${first} is open, and to change the address of a port takes`,
        ),
      );
      const before = program.entries(`listening on ${first}`).length;
      await reload(["127.0.0.1:0", `localhost:${port}`, path]);
      await program.entry(`listening on [::1]:${port}`);
      await reload(["127.0.0.1:0", first, path]);
      await program.entry(`no longer listening on [::1]:${port}`);
      assert.equal(program.entries(`listening on ${first}`).length, before, "it was left alone");

      const outcomes = await coming.end();
      assert.deepEqual(Object.keys(outcomes), ["101"], JSON.stringify(outcomes));

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

Deno.test(
  "without the C library a reload that takes a listener's socket is refused, and says what for",
  {
    ignore: !startWords().includes("--allow-ffi"),
  },
  async () => {
    await using backend = serveBackend(echo);
    const folder = await Deno.makeTempDir();
    const file = `${folder}/wstunnel.toml`;
    const write = (listen: string, engine: string) =>
      Deno.writeTextFile(
        file,
        `listen = ${listen}
engine = "${engine}"
trusted-proxies = ["127.0.0.1"]
[[wstunnel.server."/"]]
port = ${new URL(`tcp://${backend.address}`).port}
`,
      );
    const [program, ...words] = startWords();
    await write('"127.0.0.1:0"', "native");
    try {
      await using running = await startProgram(["--config", file], {
        listen: [],
        listeners: 1,
        words: [program, ...words.filter((word) => word !== "--allow-ffi")],
      });
      const refused = async (nth: number, listen: string, engine = "native") => {
        await write(listen, engine);
        running.signal("SIGHUP");
        await running.entry("the reload is refused, the configuration before it still holds", nth);
        return running.log.all.join("\n");
      };
      const needs = "it needs the C library \\(--allow-ffi\\)";
      assert.match(
        await refused(1, '"127.0.0.1:0"', "stream"),
        RegExp(`cannot listen on 127.0.0.1:0: to change engine takes a restart: ${needs}`),
      );
      assert.match(
        await refused(2, `"unix:${folder}/s"`),
        RegExp(
          `to stop listening on ${running.address} takes a restart where engine = .{1,2}native.{1,2}: ${needs}`,
        ),
      );
      await visit(running.address);
      await assert.rejects(Deno.stat(`${folder}/s`), Deno.errors.NotFound);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

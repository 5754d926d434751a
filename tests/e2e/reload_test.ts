/** A reload by a signal: what holds from then on, what goes on as it was, and what a wrong configuration changes. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { startProgram } from "../support/program.ts";
import { openRaw } from "../support/raw_client.ts";

async function statusOf(address: string, path: string): Promise<number> {
  using client = await openRaw(address);
  await client.write(`GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`);
  return (await client.head()).status;
}

Deno.test("SIGHUP reads the configuration again; a wrong one changes nothing and is named with its line", async () => {
  await using backend = serveBackend(echo);
  const { port } = new URL(`tcp://${backend.address}`);
  const folder = await Deno.makeTempDir();
  const file = `${folder}/wstunnel.toml`;
  const write = (route: string, more = "") =>
    Deno.writeTextFile(
      file,
      `${more}[[wstunnel.server."${route}"]]\nport = ${port}\n`,
    );
  await write("/a");
  try {
    await using program = await startProgram(["--config", file]);
    assert.deepEqual(
      [await statusOf(program.address, "/a"), await statusOf(program.address, "/b")],
      [426, 404],
    );

    await write("/b");
    program.signal("SIGHUP");
    await program.entry("the configuration holds from now on");
    assert.deepEqual(
      [await statusOf(program.address, "/a"), await statusOf(program.address, "/b")],
      [404, 426],
    );

    await write("/c", 'grace-time = "soon"\n');
    program.signal("SIGHUP");
    const refused = await program.entry(
      "the configuration is wrong, the one before it still holds",
    );
    assert.equal(refused["problems"], 1);
    assert.match(
      program.log.all.join(" "),
      /wstunnel\.toml:1: grace-time: .* current value is .{1,2}soon/,
    );
    assert.deepEqual(
      [await statusOf(program.address, "/b"), await statusOf(program.address, "/c")],
      [426, 404],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

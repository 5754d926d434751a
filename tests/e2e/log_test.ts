/** A log that nobody reads. */
import assert from "node:assert/strict";
import { Opcode } from "../../lib/websocket/frame.ts";
import { startWords } from "../support/program.ts";
import { testEngines } from "./engine_limits.ts";
import { withTunnel } from "./whole.ts";
import { eventually } from "../support/eventually.ts";

async function freePort(): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await Promise.resolve();
  return listener.addr.port;
}

Deno.test("a log that nobody reads stops neither the program nor its end", async () => {
  const port = await freePort();
  const [program, ...words] = startWords();
  const address = `127.0.0.1:${port}`;
  const child = new Deno.Command(program, {
    args: [...words, "--server", "127.0.0.1:1", "--listen", address],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const refusal = async () => {
    const response = await fetch(`http://${address}/${"x".repeat(150)}`);
    assert.equal(response.status, 426);
    await response.body?.cancel();
  };
  try {
    await eventually("it answers", () => refusal().then(() => true, () => undefined));
    // A pipe holds 64 KiB, a refusal's line some 300 bytes.
    for (let i = 0; i < 600; i++) await refusal();
  } finally {
    child.kill("SIGTERM");
  }
  assert.equal((await child.status).code, 0);
  await child.stderr.cancel();
});

testEngines("debug level 4 logs each frame, and level 3 none", async (engine) => {
  for (const debug of [3, 4]) {
    const settings = { wstunnel: `frame-type = "binary"\ndebug = ${debug}` };
    await withTunnel(engine, settings, async ({ program, client, taken }) => {
      await client.send(Opcode.TEXT, "hello");
      await taken.connection.write(new TextEncoder().encode("hi"));
      assert.equal(new TextDecoder().decode(await client.message(Opcode.BINARY)), "hi");
      assert.equal((await client.close(1000)).code, 1000);
      await client.end();
      await program.entry("tunnel closed");
      const frames = ["frame received", "frame sent"].flatMap((message) => program.entries(message))
        .map(({ message, type, bytes }) => `${message} ${type} ${bytes}`);
      if (debug === 3) return assert.deepEqual(frames, []);
      for (const frame of ["frame received text 5", "frame sent binary 2"]) {
        assert.ok(frames.includes(frame), `${frame} in ${frames}`);
      }
    });
  }
});

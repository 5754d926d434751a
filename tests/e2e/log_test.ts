/** A log that nobody reads. */
import assert from "node:assert/strict";
import { Opcode } from "../../lib/websocket/frame.ts";
import { type Program, startWords } from "../support/program.ts";
import { testEngines } from "./engine_limits.ts";
import { openBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, openTunnel } from "../support/raw_client.ts";
import { standStill } from "../support/transfer.ts";
import { BINARY_FRAMES, startFor, withTunnel } from "./whole.ts";

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
    // At this level each of the refusals is a line, however many there are.
    args: [...words, "--server", "127.0.0.1:1", "--listen", address, "--debug", "4"],
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
      taken.close();
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

testEngines("the lines of a tunnel say what was asked for, without the query", async (engine) => {
  const fields = {
    Host: "tunnel.example:8443",
    Origin: "https://app.example",
    "Sec-WebSocket-Protocol": "binary",
  };
  for (const logFormat of ["json", "text"] as const) {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, { logFormat });
    using client = await openTunnel(program.address, "/vnc/1?token=secret", fields);
    assert.equal((await client.close(1000)).code, 1000);
    await client.end();
    (await backend.take()).close();
    const lines = () => program.log.all.filter((line) => /tunnel (opened|closed)/.test(line));
    await eventually("both lines", () => lines().length === 2);
    for (const line of lines()) {
      assert.doesNotMatch(line, /secret/);
      if (logFormat === "text") {
        const said = " path=/vnc/1 host=tunnel.example:8443 origin=https://app.example " +
          "subprotocol=binary ";
        assert.ok(line.includes(said), line);
        continue;
      }
      const { path, host, origin, subprotocol } = JSON.parse(line);
      assert.deepEqual({ path, host, origin, subprotocol }, {
        path: "/vnc/1",
        host: fields.Host,
        origin: fields.Origin,
        subprotocol: "binary",
      });
    }
  }
});

testEngines("what a client did not say is no part of its tunnel's lines", async (engine) => {
  await withTunnel(engine, {}, async ({ program, client, taken }) => {
    assert.equal((await client.close(1000)).code, 1000);
    await client.end();
    taken.close();
    for (const message of ["tunnel opened", "tunnel closed"]) {
      const entry = await program.entry(message);
      assert.equal(entry["host"], "example.com");
      assert.deepEqual(["origin" in entry, "subprotocol" in entry], [false, false]);
    }
  });
});

testEngines("a tunnel that ended of bytes that are not UTF-8 is a warning", async (engine) => {
  await withTunnel(engine, {}, async ({ program, client, taken }) => {
    await taken.connection.write(Uint8Array.of(0xff));
    assert.equal((await client.closed()).code, 1007);
    await client.send(Opcode.CLOSE, closePayload(1007));
    await client.end();
    taken.close();
    const { level, cause } = await program.entry("tunnel closed");
    assert.deepEqual([level, cause], ["warning", "backend-not-utf8"]);
  });
});

/** Bytes of payload of the data frames that the log calls sent. */
function bytesSent(program: Program): number {
  const frames = program.entries("frame sent").filter(({ type }) => type === "binary");
  return frames.reduce((sum, { bytes }) => sum + Number(bytes), 0);
}

testEngines("a frame that a client can't have got is not called sent", async (engine) => {
  const settings = { top: "grace-time = 1", wstunnel: `${BINARY_FRAMES}\ndebug = 4` };
  await withTunnel(engine, settings, async ({ program, client, taken }) => {
    // Of a client that reads nothing the system takes a few megabytes, and the engine what it holds.
    const chunk = new Uint8Array(1024 * 1024);
    let written = 0;
    const writing = (async () => {
      while (written < 64) {
        await taken.connection.write(chunk);
        written++;
      }
    })().catch(() => {});
    await eventually("its first bytes", () => written > 0);
    await standStill([{
      get taken() {
        return written + bytesSent(program);
      },
    }], 2_000);
    const told = bytesSent(program);
    program.signal("SIGTERM");
    // No Close can go out behind what doesn't.
    await program.exit();
    assert.equal(bytesSent(program), told);
    assert.deepEqual(program.entries("frame sent").filter(({ type }) => type === "close"), []);
    const got = await received(client.connection);
    assert.ok(told > 0 && told <= got, `${told} told of, ${got} received`);
    taken.close();
    await writing;
  });
});

/** How many bytes lie there of a connection that has ended, frames' headers included. */
async function received(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(256 * 1024);
  let bytes = 0;
  try {
    for (let count; (count = await connection.read(buffer)) !== null;) bytes += count;
  } catch {
    // A reset, behind which nothing comes.
  }
  return bytes;
}

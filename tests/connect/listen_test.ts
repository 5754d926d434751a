/** `wstunnel connect --listen`: each connection is a tunnel. */
import assert from "node:assert/strict";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { startProgram } from "../support/program.ts";
import { randomFrom } from "../support/random.ts";
import { addressesOf, startConnect } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("each connection to a port or a socket file is a tunnel, and a signal ends all of them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/here.sock`;
    await using backend = serveBackend(echo);
    await using program = await startProgram([...BINARY, "--server", backend.address]);
    const flags = ["--listen", "127.0.0.1:0", "--listen", `unix:${path}`];
    await using listening = startConnect([`ws://${program.address}/`, ...flags]);
    const [port, file] = await addressesOf(listening, 2);
    assert.equal(file, `unix:${path}`);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    const payload = new Uint8Array(3_000_000);
    randomFrom(3).fill(payload);
    for (const address of [port!, file!]) {
      using one = await connect(address);
      using other = await connect(address);
      const sending = [one, other].map((each) => writeAll(each, payload));
      for (const each of [one, other]) {
        const got = await createReader(each).exactly(payload.length, "the echo");
        assert.deepEqual(got, payload);
      }
      await Promise.all(sending);
    }
    // Those have ended, each by itself; one is open at the end.
    await program.entry("tunnel closed", 4);
    using last = await connect(port!);
    const reader = createReader(last);
    await writeAll(last, bytesOf("a"));
    assert.equal(new TextDecoder().decode(await reader.exactly(1, "the echo")), "a");
    listening.signal("SIGTERM");
    assert.equal((await reader.rest("the end")).end, "fin");
    const { code, stderr } = await listening.finished();
    assert.equal(code, 0);
    assert.match(stderr, /^(?:wstunnel: listening on \S+\n){2}$/);
    const { code: closeCode, cause } = await program.entry("tunnel closed", 5);
    assert.deepEqual([cause, closeCode], ["client-close", 1001]);
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the ends of a connection are passed on: its half-close by a Close, the backend's end as its own", async () => {
  await using backend = openBackend();
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  await using listening = startConnect([`ws://${program.address}/`, "--listen", "127.0.0.1:0"]);
  const [address] = await addressesOf(listening);

  using first = await connect(address!);
  await writeAll(first, bytesOf("question"));
  await first.closeWrite();
  const asked = await backend.take();
  const { bytes, end } = await asked.reader.rest("the question");
  assert.deepEqual([new TextDecoder().decode(bytes), end], ["question", "fin"]);
  asked.close();
  assert.equal((await createReader(first).rest("the end")).end, "fin");

  using second = await connect(address!);
  const taken = await backend.take();
  await taken.write("all of it");
  taken.close();
  const got = await createReader(second).rest("the answer");
  assert.deepEqual([new TextDecoder().decode(got.bytes), got.end], ["all of it", "fin"]);
});

Deno.test("a socket file that has become another's is left alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/here.sock`;
    await using backend = serveBackend(({ write }) => write("good bye"));
    await using program = await startProgram([...BINARY, "--server", backend.address]);
    const args = [`ws://${program.address}/`, "--listen", `unix:${path}`];
    await using first = startConnect([...args, "--listen", "127.0.0.1:0", "--once"]);
    const [, port] = await addressesOf(first, 2);
    Deno.removeSync(path);
    await using second = startConnect(args);
    await addressesOf(second);
    for (const [address, after] of [[port!, first], [`unix:${path}`, null]] as const) {
      using connection = await connect(address);
      const { bytes } = await createReader(connection).rest("what the backend says");
      assert.equal(new TextDecoder().decode(bytes), "good bye");
      if (after !== null) assert.equal((await after.finished()).code, 0);
    }
    second.signal("SIGTERM");
    assert.equal((await second.finished()).code, 0);
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("where nobody can listen is told, with exit code 1", async () => {
  await using backend = openBackend();
  await using connecting = startConnect(["ws://127.0.0.1:1/", "--listen", backend.address]);
  const { code, stderr } = await connecting.finished();
  assert.equal(code, 1);
  assert.match(stderr, /^wstunnel: cannot listen on 127\.0\.0\.1:\d+: .*in use.*\n$/);
});

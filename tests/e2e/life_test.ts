/** How the program starts and ends, and what it says of it. */
import assert from "node:assert/strict";
import { echo, listenSilently, openBackend, serveBackend } from "../support/backends.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { can, ENGINES, testEngines } from "./engine_limits.ts";
import { assertClosed, hostLines, startFor, startWithFile, text, withTunnel } from "./whole.ts";

const SHUTDOWN = { code: 1001, reason: "the server shuts down" };

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  testEngines(`${signal} ends every tunnel with 1001 and exits 0`, async (engine) => {
    await withTunnel(engine, {}, async ({ program, client, taken }) => {
      await client.send(Opcode.BINARY, "until now");
      assert.equal(text(await taken.reader.exactly(9, "the words")), "until now");
      program.signal(signal);
      assert.deepEqual(await client.closed(), SHUTDOWN);
      await client.send(Opcode.CLOSE, closePayload(1001));
      const end = await client.end();
      if (can(engine, "end its connections in order")) assert.equal(end, "fin");
      assert.equal((await taken.reader.rest("the end of the tunnel")).end, "fin");
      taken.close();
      assert.equal(await program.exit(), 0);
      await assertClosed(program, { cause: "shutdown", code: 1001, up: 9 });
      await program.entry(`${signal}: ending`);
      await assert.rejects(openRaw(program.address), Deno.errors.ConnectionRefused);
    });
  });
}

testEngines(
  "the grace time bounds what a client that answers no Close may take",
  async (engine) => {
    await withTunnel(engine, { top: "grace-time = 1" }, async ({ program, client }) => {
      const start = performance.now();
      program.signal("SIGTERM");
      assert.deepEqual(await client.closed(), SHUTDOWN);
      assert.equal(await program.exit(), 0);
      const tookMs = performance.now() - start;
      // A quarter of it is kept for stopping programs.
      // Without it it would be 8 s.
      assert.ok(tookMs >= 700 && tookMs < 5_500, `took ${tookMs} ms`);
      await program.entry("the grace time is over: open tunnels are cut off");
    });
  },
);

testEngines("a request that waits for its backend is refused at the end", async (engine) => {
  using silent = await listenSilently();
  await using program = await startFor(engine, silent.address);
  using client = await openRaw(program.address);
  await client.write(handshake());
  await silent.tried();
  program.signal("SIGTERM");
  assert.equal((await client.head()).status, 503);
  client[Symbol.dispose]();
  assert.equal(await program.exit(), 0);
});

testEngines("the access log as text has the same fields on one line", async (engine) => {
  await withTunnel(engine, { logFormat: "text" }, async ({ program, backend, client, taken }) => {
    await program.log.find(/^\S+Z info +listening on 127\.0\.0\.1:\d+ engine=/);
    await taken.write("hello");
    assert.equal(text(await client.payload(5)), "hello");
    await client.send(Opcode.BINARY, "abc");
    await client.send(Opcode.CLOSE, closePayload(1000, "good bye"));
    await client.closed();
    await client.end();
    await taken.reader.rest("the end of the tunnel");
    taken.close();
    const where = `route=/ path=/ host=example\\.com backend=${
      backend.address.replaceAll(".", "\\.")
    }`;
    await program.log.find(
      new RegExp(`^\\S+Z info +tunnel opened id=1 client=127\\.0\\.0\\.1:\\d+ ${where}$`),
    );
    await program.log.find(
      new RegExp(
        `^\\S+Z info +tunnel closed id=1 client=127\\.0\\.0\\.1:\\d+ ${where} ` +
          `seconds=[\\d.]+ up=3 down=5 code=1000 cause=client-close reason="good bye"$`,
      ),
    );
  });
});

testEngines("the access log as JSON has every field in its type", async (engine) => {
  await withTunnel(engine, {}, async ({ program, backend, client, taken }) => {
    await client.send(Opcode.CLOSE, closePayload(1000));
    await client.closed();
    await client.end();
    taken.close();
    const { time, client: peer, seconds, ...rest } = await program.entry("tunnel closed");
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
    assert.match(String(peer), /^127\.0\.0\.1:\d+$/);
    assert.equal(typeof seconds, "number");
    assert.deepEqual(rest, {
      level: "info",
      message: "tunnel closed",
      id: 1,
      route: "/",
      path: "/",
      host: "example.com",
      backend: backend.address,
      up: 0,
      down: 0,
      code: 1000,
      cause: "client-close",
    });
  });
});

testEngines("flags alone, over a unix socket and several listeners", async (engine) => {
  const folder = await Deno.makeTempDir();
  try {
    await using backend = serveBackend(echo, { path: `${folder}/backend.sock` });
    const path = `${folder}/wstunnel.sock`;
    await leaveStaleSocket(path);
    await using program = await startProgram(
      ["--engine", engine, "--server", backend.address, "--frame-type", "binary"],
      { listen: ["127.0.0.1:0", `unix:${path}`, "[::1]:0"] },
    );
    assert.equal(program.addresses[1], `unix:${path}`);
    assert.match(program.addresses[2]!, /^\[::1\]:[1-9]\d*$/);
    for (const [index, address] of program.addresses.entries()) {
      using client = await openTunnel(address);
      await client.send(Opcode.BINARY, "over here");
      assert.equal(text(await client.payload(9, Opcode.BINARY)), "over here");
      const opened = await program.entry("tunnel opened", index + 1);
      assert.match(
        String(opened.client),
        [/^127\.0\.0\.1:\d+$/, /^unix$/, /^\[::1\]:\d+$/][index]!,
      );
    }
    program.signal("SIGTERM");
    assert.equal(await program.exit(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Leaves a socket's file without a listener, as a killed program does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const listening =
    `Deno.listen({ transport: "unix", path: Deno.args[0] }); Deno.kill(Deno.pid, "SIGKILL");`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, listening);
  await new Deno.Command(Deno.execPath(), { args: ["run", "-A", file, path] }).output();
  await Deno.remove(file);
  assert.ok((await Deno.stat(path)).isSocket, "the stale socket file must be there");
}

testEngines("a configuration file with routes, and a flag that beats it", async (engine) => {
  await using vnc = openBackend();
  await using ssh = openBackend();
  await using program = await startWithFile(
    `
listen = ["127.0.0.1:0", "127.0.0.1:0"]
engine = "${engine}"
log-format = "text"
[wstunnel]
map-extensions = { ".console" = ".vnc" }
[[wstunnel.server.".vnc"]]
${hostLines(vnc.address)}
[[wstunnel.server."/ssh"]]
${hostLines(ssh.address)}
`,
    { listen: [], listeners: 2 },
  );
  assert.equal(
    program.entries(`listening on ${program.addresses[1]}`).length,
    1,
    "JSON by the flag",
  );
  const ways = [["/a/b.vnc", vnc], ["/seat.console?x=.no", vnc], ["/ssh/deep", ssh]] as const;
  for (const [target, backend] of ways) {
    using client = await openTunnel(program.addresses[1]!, target);
    await client.send(Opcode.TEXT, target);
    const taken = await backend.take();
    assert.equal(text(await taken.reader.exactly(target.length, "the words")), target);
  }
});

for (const engine of ENGINES) {
  Deno.test(`${engine}: a failure to listen exits 1 and says why`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${taken.addr.port}`;
    const { code, stderr } = await runProgram(
      [
        "--engine",
        engine,
        "--server",
        "127.0.0.1:1",
        "--listen",
        "127.0.0.1:0",
        "--listen",
        address,
      ],
    );
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      new RegExp(`cannot listen on ${address}: another program listens there\n$`),
    );
  });
}

Deno.test("a wrong configuration exits 2 with every problem and its line", async () => {
  const file = await Deno.makeTempFile({ suffix: ".toml" });
  try {
    await Deno.writeTextFile(file, `engin = "native"\n[wstunnel]\ndebug = -1\n`);
    const { code, stderr } = await runProgram(["--config", file, "--server", "127.0.0.1:1"]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /:1.*engin.*did you mean engine/);
    assert.match(stderr, /:3.*debug.*-1/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a wrong command line exits 2", async () => {
  const { code, stderr } = await runProgram(["--sever", "127.0.0.1:1"]);
  assert.equal(code, 2);
  assert.match(stderr, /--server/);
});

/** The end of the program with open tunnels: who may end by himself, who is told to, who is cut off. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/processes.ts";
import { sendTimes, standStill } from "../support/transfer.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { freePort, openBackend, serveBackend } from "../support/backends.ts";
import { testEngines } from "./engine_limits.ts";
import { hostLines, startFor, startWithFile, text, withTunnel } from "./whole.ts";

const SHUTDOWN = { code: 1001, reason: "the server shuts down" };

/** Longer than any of these tests may take. */
const LONG = "drain-time = 600";

testEngines(
  "drain-time lets tunnels end by themselves, and the program ends with the last of them",
  async (engine) => {
    const top = `${LONG}\ngrace-time = 600`;
    await withTunnel(engine, { top }, async ({ program, backend, client, taken }) => {
      using other = await openTunnel(program.address);
      const otherTaken = await backend.take();
      await program.entry("tunnel opened", 2);
      program.signal("SIGTERM");
      assert.equal((await program.entry("SIGTERM: ending"))["tunnels"], 2);
      const { seconds, tunnels } = await program.entry("draining");
      assert.deepEqual([seconds, tunnels], [600, 2]);
      await eventually("connections to be refused", async () => {
        try {
          (await openRaw(program.address))[Symbol.dispose]();
          return false;
        } catch (error) {
          return error instanceof Deno.errors.ConnectionRefused;
        }
      });

      // Both ways, as if nothing had happened.
      await client.send(Opcode.BINARY, "still here");
      assert.equal(text(await taken.reader.exactly(10, "the words")), "still here");
      await taken.write("and I");
      assert.equal(text(await client.payload(5)), "and I");

      // One that takes its place.
      await using next = await startFor(engine, backend.address, {
        listen: [program.address.replace(/^tls:/, "")],
      });
      using newcomer = await openTunnel(next.address);
      const newTaken = await backend.take();
      await newTaken.write("new");
      assert.equal(text(await newcomer.payload(3)), "new");

      await client.close(1000);
      client[Symbol.dispose]();
      taken.close();
      await program.entry("tunnel closed");
      await otherTaken.write("me too");
      assert.equal(text(await other.payload(6)), "me too");

      otherTaken.close();
      assert.equal((await other.closed()).code, 1000);
      await other.send(Opcode.CLOSE, closePayload(1000));
      other[Symbol.dispose]();
      assert.equal(await program.exit(), 0);
      const closed = program.entries("tunnel closed").map(({ cause }) => cause);
      assert.deepEqual(closed, ["client-close", "backend-end"]);
      assert.deepEqual(program.entries("the drain time is over: open tunnels are told to end"), []);
    });
  },
);

testEngines("once the drain time is over open tunnels get 1001", async (engine) => {
  const top = "drain-time = 1\ngrace-time = 600";
  await withTunnel(engine, { top }, async ({ program, client, taken }) => {
    const before = performance.now();
    program.signal("SIGTERM");
    assert.deepEqual(await client.closed(), SHUTDOWN);
    const tookMs = performance.now() - before;
    assert.ok(tookMs >= 990, `${tookMs} ms`);
    const over = await program.entry("the drain time is over: open tunnels are told to end");
    assert.equal(over["tunnels"], 1);
    await client.send(Opcode.CLOSE, closePayload(1001));
    client[Symbol.dispose]();
    taken.close();
    assert.equal(await program.exit(), 0);
    assert.equal((await program.entry("tunnel closed"))["cause"], "shutdown");
  });
});

testEngines(
  "a second signal ends the drain time, a third cuts tunnels off, each with a line",
  async (engine) => {
    const top = `${LONG}\ngrace-time = 600`;
    await withTunnel(engine, { top }, async ({ program, client, taken }) => {
      program.signal("SIGTERM");
      await program.entry("draining");
      await client.send(Opcode.BINARY, "unhurried");
      assert.equal(text(await taken.reader.exactly(9, "the words")), "unhurried");
      program.signal("SIGINT");
      assert.deepEqual(await client.closed(), SHUTDOWN);
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
      const { cause, code, up } = await program.entry("tunnel closed");
      assert.deepEqual([cause, code, up], ["shutdown", 1001, 9]);
      assert.deepEqual(program.entries("the grace time is over: open tunnels are cut off"), []);
    });
  },
);

testEngines("without drain-time a second signal cuts tunnels off", async (engine) => {
  await withTunnel(engine, { top: "grace-time = 600" }, async ({ program, client }) => {
    program.signal("SIGTERM");
    assert.deepEqual(await client.closed(), SHUTDOWN);
    program.signal("SIGTERM");
    assert.equal(await program.exit(), 0);
    assert.equal((await program.entry("tunnel closed"))["cause"], "shutdown");
    assert.deepEqual(program.entries("draining"), []);
  });
});

/** More than is told of at once. */
const MANY = 700;

testEngines(
  "whoever is cut off at the end of the grace time has a line of his own, however many there are",
  async (engine) => {
    await using backend = serveBackend(async ({ reader }) => {
      await reader.rest("the end of the tunnel");
    });
    await using program = await startFor(engine, backend.address, { top: "grace-time = 1" });
    const clients = await Promise.all(
      Array.from({ length: MANY }, () => openTunnel(program.address)),
    );
    try {
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
      const cut = await program.entry("the grace time is over: open tunnels are cut off");
      assert.equal(cut["tunnels"], MANY);
      const closed = program.entries("tunnel closed");
      assert.equal(new Set(closed.map(({ id }) => id)).size, MANY);
      assert.deepEqual(
        new Set(closed.map(({ cause, code }) => `${cause} ${code}`)),
        new Set(["shutdown 1001"]),
      );
    } finally {
      clients.forEach((client) => client[Symbol.dispose]());
    }
  },
);

testEngines(
  "a client that has not been sent its Close is told of as cut off without",
  async (engine) => {
    // The runtime's WebSocket takes a Close whether or not it can be sent.
    if (engine === "native") return;
    const top = "grace-time = 1";
    await withTunnel(engine, { top }, async ({ program, taken }) => {
      // It reads nothing: our Close has no way past what waits.
      const flood = sendTimes(taken.connection, new Uint8Array(64 * 1024), Infinity);
      await standStill([flood]);
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
      const { cause, code } = await program.entry("tunnel closed");
      assert.deepEqual([cause, code], ["shutdown", 1006]);
      taken.close();
      await flood.done.catch(() => {});
    });
  },
);

testEngines(
  "programs stay up while their tunnels drain, and are stopped behind them",
  async (engine) => {
    const port = freePort();
    const command = `["/usr/bin/env", "python3", "-c", '''${ECHO}''', "{port}"]`;
    await using program = await startWithFile(
      `engine = "${engine}"
${LONG}
[wstunnel]
frame-type = "binary"
[[wstunnel.server."/"]]
port = ${port}
bin-path = ${command}
`,
    );
    await program.entry("program is up");
    const [child] = childrenOf(program.pid);
    using client = await openTunnel(program.address);
    const echoes = async (words: string) => {
      await client.send(Opcode.BINARY, words);
      assert.equal(text(await client.payload(words.length)), words);
    };
    await echoes("before");
    program.signal("SIGTERM");
    await program.entry("draining");
    await echoes("while it drains");
    await client.close(1000);
    client[Symbol.dispose]();
    assert.equal(await program.exit(), 0);
    assert.throws(() => Deno.statSync(`/proc/${child}`), Deno.errors.NotFound);
    assert.equal((await program.entry("tunnel closed"))["cause"], "client-close");
  },
);

/** Serves any number of connections. */
const ECHO = `
import socket, sys, threading
def serve(one):
    while data := one.recv(4096): one.sendall(data)
    one.close()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
`;

testEngines(
  "a request that waits for its backend when the drain begins is refused",
  async (engine) => {
    await using backend = openBackend();
    // Nobody says where its token leads.
    await using api = serveBackend(async ({ reader }) => {
      await reader.rest("the end of the question");
    });
    await using program = await startWithFile(
      `engine = "${engine}"
${LONG}
[wstunnel]
frame-type = "binary"
[wstunnel.server."/asks"]
targets = { api = "http://${api.address}/%s" }
[[wstunnel.server."/"]]
${hostLines(backend.address)}
`,
    );
    using client = await openTunnel(program.address);
    await program.entry("tunnel opened");
    using asker = await openRaw(program.address);
    await asker.write(handshake("/asks?token=one"));
    await eventually("the question", () => api.count > 0);
    program.signal("SIGTERM");
    assert.equal((await asker.head()).status, 503);
    asker[Symbol.dispose]();
    await client.close(1000);
    client[Symbol.dispose]();
    (await backend.take()).close();
    assert.equal(await program.exit(), 0);
    assert.equal((await program.entry("tunnel closed"))["cause"], "client-close");
  },
);

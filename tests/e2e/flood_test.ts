/** What anybody can make us write into the log, and how much of it. */
import assert from "node:assert/strict";
import { frame, handshake, Opcode, openRaw } from "../support/raw_client.ts";
import { testEngines } from "./drivers.ts";
import { DRIVERS, PLAIN } from "./engine_limits.ts";
import { startFor, withTunnel } from "./whole.ts";
import { freePort, openBackend } from "../support/backends.ts";

const REQUESTS = 1_000;
const AT_ONCE = 50;

testEngines("repeated refusals are summed up, and every one is counted", async (engine) => {
  await using backend = openBackend();
  await using program = await startFor(engine, backend.address, {
    wstunnel: `origins = ["example.com"]`,
  });
  const refused = async () => {
    for (let i = 0; i < REQUESTS / AT_ONCE; i++) {
      using client = await openRaw(program.address);
      await client.write(handshake("/", { Origin: "https://evil.example" }));
      assert.equal((await client.head()).status, 403);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, refused));
  const { status, reason } = await program.entry("more requests refused");
  assert.deepEqual([status, reason], [403, "this origin is not admitted"]);
  program.signal("SIGTERM");
  assert.equal(await program.exit(), 0);
  const counts = program.entries("more requests refused").map((entry) => Number(entry["count"]));
  const sum = counts.reduce((all, one) => all + one, 0);
  const written = program.entries("request refused").length;
  assert(sum > REQUESTS / 2, `${counts} counted, ${written} written`);
  assert.equal(written + sum, REQUESTS);
});

Deno.test("a flood that the program's end breaks off is told of before it", async () => {
  await using backend = openBackend();
  await using program = await startFor(PLAIN, backend.address);
  for (let i = 0; i < 150; i++) {
    using client = await openRaw(program.address);
    await client.write("nonsense\r\n\r\n");
    assert.equal((await client.head()).status, 400);
  }
  program.signal("SIGTERM");
  assert.equal(await program.exit(), 0);
  const told = program.entries("more requests refused");
  const sum = told.reduce((all, { count }) => all + Number(count), 0);
  assert.equal(program.entries("request refused").length + sum, 150);
  assert(sum > 0);
});

Deno.test({
  name: "native: a Close with a reason of megabytes is a short line",
  ignore: !DRIVERS.includes("native"),
  async fn() {
    await withTunnel("native", {}, async ({ program, client, taken }) => {
      const payload = new Uint8Array(8 * 1024 * 1024).fill(0x1b);
      payload.set([0x03, 0xe8]);
      const sent = client.write(frame(Opcode.CLOSE, payload));
      // The runtime echoes all of it.
      assert.equal((await client.frame()).payload.length, payload.length);
      await sent;
      taken.close();
      const { cause, reason } = await program.entry("tunnel closed");
      assert.equal(cause, "client-close");
      assert.equal(reason, "\x1b".repeat(125) + "…");
      const longest = Math.max(...program.log.all.map((line) => line.length));
      assert(longest < 2_000, `${longest} characters`);
    });
  },
});

testEngines("a client's words are shortened in the line of its tunnel", async (engine) => {
  await using backend = openBackend();
  await using program = await startFor(engine, backend.address, {
    wstunnel: `subprotocols = ["${"p".repeat(300)}"]`,
  });
  using client = await openRaw(program.address);
  await client.write(handshake("/" + "x".repeat(1_000), {
    Host: "h".repeat(1_000),
    Origin: "https://" + "o".repeat(1_000),
    "Sec-WebSocket-Protocol": "p".repeat(300),
  }));
  assert.equal((await client.head()).status, 101);
  const entry = await program.entry("tunnel opened");
  for (const field of ["path", "host", "origin", "subprotocol"]) {
    assert.match(String(entry[field]), /^.{200}…$/, field);
  }
});

/** Takes connections at a port, and ends each. */
function closingBackend(port: number): Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  void (async () => {
    for await (const connection of listener) connection.close();
  })().catch(() => {});
  return { [Symbol.dispose]: () => listener.close() };
}

Deno.test("a backend that comes and goes with each request is summed up, and the last word is how it is", async () => {
  const port = freePort();
  await using program = await startFor(PLAIN, `127.0.0.1:${port}`, {
    host: "disable-time = 0",
    wstunnel: `frame-type = "binary"`,
  });
  const status = async () => {
    using client = await openRaw(program.address);
    await client.write(handshake("/"));
    return (await client.head()).status;
  };
  const beganMs = performance.now();
  for (let i = 0; i < 40; i++) {
    assert.equal(await status(), 503);
    using _backend = closingBackend(port);
    assert.equal(await status(), 101);
  }
  const SUMMED = "the backends of the route come and go";
  const { level, route } = await program.entry(SUMMED);
  assert.deepEqual([level, route], ["error", "/"]);
  const seconds = (performance.now() - beganMs) / 1000;
  program.signal("SIGTERM");
  assert.equal(await program.exit(), 0);
  const DOWN = "every backend of the route is down";
  const UP = "route has a backend again";
  const told = program.log.all.map((line) => JSON.parse(line))
    .filter(({ message }) => [DOWN, UP, SUMMED].includes(message));
  // Twenty at once, and two for each second.
  assert.ok(told.length <= 24 + 2 * seconds, `${told.length} lines in ${seconds} s`);
  assert.equal(told.reduce((sum, { count = 1 }) => sum + count, 0), 80, "each is counted");
  const last = told.at(-1);
  assert.ok(last.message === UP || last.now === "up", JSON.stringify(last));
});

/** The program ends by itself: idle, after a time, after so many tunnels. */
import assert from "node:assert/strict";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import type { Program } from "../support/program.ts";
import { testEngines } from "./engine_limits.ts";
import { startFor, text, withTunnel } from "./whole.ts";

async function isRefused({ address }: Program): Promise<boolean> {
  try {
    (await openRaw(address))[Symbol.dispose]();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

/** The status of a handshake's answer; 0: none came. */
async function ask({ address }: Program): Promise<number> {
  try {
    using client = await openRaw(address);
    await client.write(handshake());
    return (await client.head()).status;
  } catch {
    return 0;
  }
}

testEngines(
  "exit-after-tunnels: the last one goes on to its end, and nobody else comes in",
  async (engine) => {
    const top = "exit-after-tunnels = 2";
    await withTunnel(engine, { top }, async ({ program, backend, client, taken }) => {
      assert.ok(!await isRefused(program), "there may be another one");
      const other = await openTunnel(program.address);
      const otherTaken = await backend.take();
      assert.equal((await program.entry("exit-after-tunnels: ending"))["tunnels"], 2);
      await eventually("connections to be refused", () => isRefused(program));
      await other.close(1000);
      other[Symbol.dispose]();
      otherTaken.close();
      await program.entry("tunnel closed");
      await client.send(Opcode.BINARY, "still here");
      assert.equal(text(await taken.reader.exactly(10, "the words")), "still here");
      taken.close();
      assert.equal((await client.closed()).code, 1000);
      await client.send(Opcode.CLOSE, closePayload(1000));
      client[Symbol.dispose]();
      assert.equal(await program.exit(), 0);
      assert.deepEqual(program.entries("draining"), []);
    });
  },
);

testEngines("exit-after-tunnels: of twenty who ask at once, one has a tunnel", async (engine) => {
  await using backend = serveBackend(echo);
  await using program = await startFor(engine, backend.address, { top: "exit-after-tunnels = 1" });
  const statuses = await Promise.all(Array.from({ length: 20 }, () => ask(program)));
  assert.equal(statuses.filter((status) => status === 101).length, 1, statuses.join(" "));
  assert.equal(await program.exit(), 0);
  assert.equal(program.entries("tunnel opened").length, 1);
});

testEngines("exit-after-tunnels: one whose backend can't be reached is none", async (engine) => {
  await using program = await startFor(engine, "127.0.0.1:1", { top: "exit-after-tunnels = 1" });
  assert.equal(await ask(program), 503);
  assert.equal(await ask(program), 503);
  const whys = program.entries("request refused").map(({ why }) => why);
  assert.ok(!whys.includes("exit-after-tunnels is 1"), whys.join());
  assert.ok(!await isRefused(program));
});

testEngines(
  "exit-idle-time: it ends so long after the last connection has gone",
  async (engine) => {
    const settings = { top: "exit-idle-time = 3" };
    await withTunnel(engine, settings, async ({ program, client, taken }) => {
      // Longer than that.
      await new Promise((resolve) => setTimeout(resolve, 3_400));
      await client.send(Opcode.BINARY, "still here");
      assert.equal(text(await taken.reader.exactly(10, "the words")), "still here");
      await client.close(1000);
      client[Symbol.dispose]();
      taken.close();
      await program.entry("tunnel closed");
      const before = performance.now();
      assert.equal(await program.exit(), 0);
      const tookMs = performance.now() - before;
      assert.ok(tookMs > 1_000, `${tookMs} ms`);
      assert.equal((await program.entry("exit-idle-time: ending"))["tunnels"], 0);
    });
  },
);

testEngines(
  "exit-after-time: who is there stays, until a signal ends it as always",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, { top: "exit-after-time = 4" });
    using client = await openTunnel(program.address);
    const taken = await backend.take();
    assert.equal((await program.entry("exit-after-time: ending"))["tunnels"], 1);
    await eventually("connections to be refused", () => isRefused(program));
    await client.send(Opcode.BINARY, "still here");
    assert.equal(text(await taken.reader.exactly(10, "the words")), "still here");
    program.signal("SIGTERM");
    assert.deepEqual(await client.closed(), { code: 1001, reason: "the server shuts down" });
    await client.send(Opcode.CLOSE, closePayload(1001));
    client[Symbol.dispose]();
    taken.close();
    assert.equal(await program.exit(), 0);
  },
);

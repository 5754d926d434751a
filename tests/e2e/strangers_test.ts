/** What a client that means ill, or is careless, can hold of us; and what the native engine can't keep it from, as measured. */
import assert from "node:assert/strict";
import { closePayload, frame, handshake, Opcode, openRaw } from "../support/raw_client.ts";
import { openBackend } from "../support/backends.ts";
import { concat } from "../support/connection.ts";
import { testEnginesThat, testEnginesWithout } from "./engine_limits.ts";
import { BINARY_FRAMES, startFor, withTunnel } from "./whole.ts";

const MEBIBYTE = 1024 * 1024;

/** More fragments than max-buffer has room for, without an end. */
const FRAGMENTED = {
  wstunnel: `${BINARY_FRAMES}\nmax-buffer = "1MiB"`,
  pieces: Array.from(
    { length: 64 },
    (_, at) =>
      frame(at === 0 ? Opcode.BINARY : Opcode.CONTINUATION, new Uint8Array(MEBIBYTE), {
        fin: false,
      }),
  ),
};

testEnginesThat(
  "pass fragments on",
  "a message in fragments is passed on as it comes, and takes no memory",
  async (engine) => {
    await withTunnel(engine, FRAGMENTED, async ({ program, client, taken }) => {
      const before = program.residentBytes();
      const sending = (async () => {
        for (const piece of FRAGMENTED.pieces) await client.write(piece);
      })();
      for (let got = 0; got < 64 * MEBIBYTE;) {
        got += (await taken.reader.some("a fragment"))!.length;
      }
      await sending;
      const grown = program.residentBytes() - before;
      assert(grown < 32 * MEBIBYTE, `grew by ${grown} bytes`);
    });
  },
);

testEnginesWithout(
  "pass fragments on",
  "a message in fragments is held whatever max-buffer says",
  async (engine) => {
    await withTunnel(engine, FRAGMENTED, async ({ program, client }) => {
      const before = program.residentBytes();
      for (const piece of FRAGMENTED.pieces) await client.write(piece);
      // A Ping between fragments is answered behind all of them, and the tunnel lives.
      await client.send(Opcode.PING, "x");
      assert.equal((await client.frame()).opcode, Opcode.PONG);
      const grown = program.residentBytes() - before;
      assert(grown > 48 * MEBIBYTE, `grew by ${grown} bytes`);
      assert.deepEqual(program.entries("tunnel closed"), []);
    });
  },
);

const LATE = { top: "handshake-timeout = 0.3" };

testEnginesThat(
  "time a head out",
  "a head that never comes is answered with 408",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, LATE);
    using client = await openRaw(program.address);
    await client.write("GET / HTTP/1.1\r\nHost: a");
    assert.equal((await client.head()).status, 408);
  },
);

testEnginesWithout(
  "time a head out",
  "a connection whose head is late is served all the same",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, LATE);
    using client = await openRaw(program.address);
    const head = handshake();
    await client.write(head.slice(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await client.write(head.slice(20));
    assert.equal((await client.head()).status, 101);
  },
);

testEnginesThat(
  "take a length of 0 with an upgrade",
  "`Content-Length: 0` beside the upgrade does no harm",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address);
    using client = await openRaw(program.address);
    await client.write(handshake("/", { "Content-Length": "0" }));
    assert.equal((await client.head()).status, 101);
  },
);

testEnginesWithout(
  "take a length of 0 with an upgrade",
  "`Content-Length: 0` beside the upgrade is answered by the runtime",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address);
    using client = await openRaw(program.address);
    await client.write(handshake("/", { "Content-Length": "0" }));
    const response = await client.head();
    assert.deepEqual([response.status, await client.body(response)], [400, ""]);
  },
);

const LONG_CLOSE = concat([closePayload(1000), new Uint8Array(124).fill(0x78)]);

testEnginesThat(
  "refuse long control frames",
  "a Close of 126 bytes is refused with 1002",
  async (engine) => {
    await withTunnel(engine, {}, async ({ client }) => {
      await client.send(Opcode.CLOSE, LONG_CLOSE);
      assert.equal((await client.closed()).code, 1002);
    });
  },
);

testEnginesWithout(
  "refuse long control frames",
  "a Close of 126 bytes is echoed",
  async (engine) => {
    await withTunnel(engine, {}, async ({ client }) => {
      await client.send(Opcode.CLOSE, LONG_CLOSE);
      assert.deepEqual(await client.closed(), { code: 1000, reason: "x".repeat(124) });
    });
  },
);

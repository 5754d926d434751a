/** How a tunnel ends of what the client does. */
import assert from "node:assert/strict";
import { OVER_TLS } from "../support/tls.ts";
import { openBackend } from "../support/backends.ts";
import { concat } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, frame, handshake, Opcode } from "../support/raw_client.ts";
import { sendAndReset } from "../support/reset.ts";
import { testEngines, testEnginesThat } from "./drivers.ts";
import { can, PLAIN } from "./engine_limits.ts";
import { assertClosed, startFor, text, withTunnel } from "./whole.ts";

testEngines(
  "a client's Close is echoed, and the backend gets all data before it",
  async (engine) => {
    const closes = [
      { payload: closePayload(1000, "bye"), code: 1000, reason: "bye" },
      { payload: closePayload(4321), code: 4321, reason: undefined },
      { payload: new Uint8Array(0), code: 1005, reason: undefined },
    ];
    for (const { payload, code, reason } of closes) {
      await withTunnel(engine, {}, async ({ program, client, taken }) => {
        await taken.write("hello");
        assert.equal(text(await client.payload(5, Opcode.TEXT)), "hello");
        await client.send(Opcode.BINARY, "all of this");
        await client.send(Opcode.CLOSE, payload);
        assert.equal((await client.closed()).code, code);
        assert.equal(await client.end(), "fin");
        const { bytes, end } = await taken.reader.rest("the end of the tunnel");
        assert.equal(text(bytes), "all of this");
        assert.equal(end, "fin");
        taken.close();
        await assertClosed(program, { cause: "client-close", code, reason, up: 11, down: 5 });
      });
    }
  },
);

testEngines("a client that vanishes leaves all its data and an end of stream", async (engine) => {
  await withTunnel(engine, {}, async ({ program, client, taken }) => {
    await client.send(Opcode.BINARY, "last words");
    client[Symbol.dispose]();
    const { bytes, end } = await taken.reader.rest("the end of the tunnel");
    assert.equal(text(bytes), "last words");
    assert.equal(end, "fin");
    taken.close();
    await assertClosed(program, { cause: "client-lost", code: 1006, up: 10 });
  });
});

testEngines(
  "a client that resets its connection leaves its data and an end of stream",
  async (engine) => {
    // What it sends and resets is no TLS.
    if (OVER_TLS) return;
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address);
    const opening = new TextEncoder().encode(handshake());
    await sendAndReset(program.address, concat([opening, frame(Opcode.BINARY, "last words")]));
    const { bytes, end } = await (await backend.take()).reader.rest("the end of the tunnel");
    // What the kernel had not handed over yet is lost with a reset.
    assert.ok("last words".startsWith(text(bytes)), text(bytes));
    assert.equal(end, "fin");
    await assertClosed(program, { cause: "client-lost", code: 1006, up: bytes.length });
  },
);

testEngines("a client in breach of the protocol gets a code that says so", async (engine) => {
  const breaches = [
    { what: "reserved bits", code: 1002, send: [Opcode.BINARY, "x", { reserved: 4 }] },
    { what: "a reserved opcode", code: 1002, send: [3, "x"] },
    { what: "a reserved control opcode", code: 1002, send: [11, ""] },
    { what: "a stray continuation", code: 1002, send: [Opcode.CONTINUATION, "x"] },
    { what: "a fragmented Ping", code: 1002, send: [Opcode.PING, "", { fin: false }] },
    { what: "a long Ping", code: 1002, send: [Opcode.PING, new Uint8Array(126)] },
    { what: "a Close of one byte", code: 1002, send: [Opcode.CLOSE, Uint8Array.of(3)] },
    {
      what: "a Close with 1005",
      code: 1002,
      send: [Opcode.CLOSE, closePayload(1005)],
      nativeTells: true,
    },
    {
      what: "a Close with 999",
      code: 1002,
      send: [Opcode.CLOSE, closePayload(999)],
      nativeTells: true,
    },
    { what: "text that is not UTF-8", code: 1007, send: [Opcode.TEXT, Uint8Array.of(0xc0, 0xaf)] },
    {
      what: "an unmasked frame",
      code: 1002,
      send: [Opcode.BINARY, "x", { masked: false }],
      needs: "refuse unmasked frames",
    },
    {
      what: "a length in more bytes than it needs",
      code: 1002,
      send: [Opcode.BINARY, "x", { lengthBytes: 3 }],
      needs: "refuse longer lengths than needed",
    },
  ] as const;
  for (const breach of breaches) {
    if ("needs" in breach && !can(engine, breach.needs)) continue;
    await withTunnel(engine, {}, async ({ program, client, taken }) => {
      await client.send(Opcode.BINARY, "before");
      const [opcode, payload, options] = breach.send;
      await client.send(opcode, payload, options);
      const seen = can(engine, "close on a protocol error");
      if (seen || "nativeTells" in breach) {
        const { code, reason } = await client.closed();
        assert.equal(code, breach.code, breach.what);
        assert.equal(reason !== "", seen, breach.what);
      }
      await client.end();
      const { bytes, end } = await taken.reader.rest("the end of the tunnel");
      assert.equal(text(bytes), "before", breach.what);
      assert.equal(end, "fin", breach.what);
      taken.close();
      await assertClosed(
        program,
        seen
          ? { cause: "client-protocol", code: breach.code }
          : { cause: "client-lost", code: 1006 },
      );
    });
  }
});

const PING_INTERVAL = "ping-interval = 1";

testEngines("a client that answers no Ping is dropped with 1001", async (engine) => {
  await withTunnel(engine, { wstunnel: PING_INTERVAL }, async ({ program, client, taken }) => {
    assert.equal((await client.frame()).opcode, Opcode.PING);
    let frame = await client.frame();
    while (frame.opcode === Opcode.PING) frame = await client.frame();
    assert.equal(frame.opcode, Opcode.CLOSE);
    assert.deepEqual([...frame.payload.subarray(0, 2)], [...closePayload(1001)]);
    client[Symbol.dispose]();
    assert.equal((await taken.reader.rest("the end of the tunnel")).end, "fin");
    taken.close();
    await assertClosed(program, { cause: "client-silent", code: 1001 });
  });
});

testEngines("a client that answers Pings stays", async (engine) => {
  await withTunnel(engine, { wstunnel: PING_INTERVAL }, async ({ client, taken }) => {
    // Eight intervals: four times what a silent client has.
    for (let pings = 0; pings < 8; pings++) {
      const { opcode, payload } = await client.frame();
      assert.equal(opcode, Opcode.PING);
      await client.send(Opcode.PONG, payload);
    }
    await taken.write("still here");
    assert.equal(text(await client.payload(10)), "still here");
  });
});

testEnginesThat(
  "count Pings as life",
  "a client's own Pings are answered, and are life",
  async (engine) => {
    await withTunnel(engine, { wstunnel: PING_INTERVAL }, async ({ client }) => {
      let pongs = 0;
      let pings = 0;
      while (pings < 6) {
        const { opcode, payload } = await client.frame();
        if (opcode === Opcode.PONG) {
          assert.equal(text(payload), "are you there");
          pongs++;
          continue;
        }
        assert.equal(opcode, Opcode.PING);
        pings++;
        await client.send(Opcode.PING, "are you there");
      }
      assert.ok(pongs >= 5);
    });
  },
);

testEngines("base64 goes both ways in text frames", async (engine) => {
  const fields = { "Sec-WebSocket-Protocol": "base64" };
  await withTunnel(engine, { fields }, async ({ program, client, taken }) => {
    await client.send(Opcode.TEXT, btoa("\x00\xff\xfe"));
    assert.deepEqual([...await taken.reader.exactly(3, "the bytes")], [0, 255, 254]);
    await taken.write(Uint8Array.of(255, 0, 128, 7));
    assert.equal(text(await client.message(Opcode.TEXT)), btoa("\xff\x00\x80\x07"));
    await client.send(Opcode.TEXT, "not base64!");
    assert.deepEqual(await client.closed(), { code: 1007, reason: "the payload is not base64" });
    await client.send(Opcode.CLOSE, closePayload(1007));
    assert.equal(await client.end(), "fin");
    assert.equal((await taken.reader.rest("the end of the tunnel")).end, "fin");
    taken.close();
    await assertClosed(program, { cause: "client-base64", code: 1007, up: 3, down: 4 });
  });
});

testEngines("base64 that breaks off in a group of digits is an error", async (engine) => {
  const fields = { "Sec-WebSocket-Protocol": "base64" };
  await withTunnel(engine, { fields }, async ({ program, client, taken }) => {
    await client.send(Opcode.TEXT, "YWJj" + "YW");
    await client.send(Opcode.CLOSE, closePayload(1000));
    await client.closed();
    await client.end();
    const { bytes, end } = await taken.reader.rest("the end of the tunnel");
    assert.equal(text(bytes), "abc");
    assert.equal(end, "fin");
    taken.close();
    await assertClosed(program, { cause: "client-base64", code: 1007 });
  });
});

Deno.test({
  name: "a client that vanishes is found by TCP keepalive where there are no Pings",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withTunnel(PLAIN, {}, async ({ program, client }) => {
      const hex = (address: Deno.Addr) => {
        const port = (address as Deno.NetAddr).port.toString(16).padStart(4, "0").toUpperCase();
        return `0100007F:${port}`;
      };
      const { localAddr, remoteAddr } = client.connection;
      const ends = `${hex(remoteAddr)} ${hex(localAddr)} `;
      const timer = () =>
        Deno.readTextFileSync("/proc/net/tcp").split("\n").find((line) => line.includes(ends))
          ?.trim().split(/\s+/)[5];
      // proc(5), `tr`: 02 is the keepalive timer, 01 that of a byte on its way.
      await eventually("the keepalive timer", () => timer()?.startsWith("02"), 5_000);
      assert.equal(program.entries("tunnel closed").length, 0);
    }),
});

/** How a tunnel ends, or never begins, of what the backend does. */
import assert from "node:assert/strict";
import { echo, freePort, listenSilently, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import {
  closePayload,
  frame,
  handshake,
  Opcode,
  openRaw,
  openTunnel,
  type RawClient,
} from "../support/raw_client.ts";
import { OVER_TLS } from "../support/tls.ts";
import { openResettingBackend } from "../support/reset.ts";
import { testEngines, testEnginesThat } from "./drivers.ts";
import { can } from "./engine_limits.ts";
import { assertClosed, BINARY_FRAMES, startFor, text, withTunnel } from "./whole.ts";

/** Answers the Close that came and sees the connection end. */
async function finishClose(client: RawClient, code: number): Promise<void> {
  await client.send(Opcode.CLOSE, closePayload(code));
  assert.equal(await client.end(), "fin");
}

testEngines("a backend's end gives the client all its bytes, then 1000", async (engine) => {
  await withTunnel(engine, {}, async ({ program, client, taken }) => {
    await taken.write("and that was all");
    taken.close();
    assert.equal(text(await client.payload(16, Opcode.TEXT)), "and that was all");
    assert.deepEqual(await client.closed(), { code: 1000, reason: "" });
    await finishClose(client, 1000);
    await assertClosed(program, { cause: "backend-end", code: 1000, up: 0, down: 16 });
  });
});

/** What a client that uploads until it sees its Close, in messages so far apart, has got. */
async function uploadUntilClosed(client: RawClient, pauseMs: number) {
  const chunk = frame(Opcode.BINARY, new Uint8Array(16 * 1024));
  let over = false;
  const upload = async () => {
    while (!over) {
      await client.write(chunk);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const uploading = upload().catch(() => {});
  let bytes = 0;
  try {
    for (let next; (next = await client.frame()).opcode !== Opcode.CLOSE;) {
      bytes += next.payload.length;
    }
    over = true;
    await uploading;
    await client.send(Opcode.CLOSE, closePayload(1000)).catch(() => {});
    return { bytes, closed: true };
  } catch {
    return { bytes, closed: false };
  } finally {
    over = true;
    await uploading;
    client[Symbol.dispose]();
  }
}

testEngines(
  "a backend that ends while its client uploads loses none of its bytes, and the log calls no Close sent that was lost",
  async (engine) => {
    const answer = new Uint8Array(200_000);
    await using backend = serveBackend(async ({ reader, write, closeWrite }) => {
      for (let i = 0; i < 5; i++) await reader.some("an upload");
      const rest = reader.rest("the rest of it");
      await write(answer);
      await closeWrite();
      await rest;
    });
    // Nothing is to overflow: that is another end.
    const wstunnel = `${BINARY_FRAMES}\nmax-buffer = "512MiB"`;
    await using program = await startFor(engine, backend.address, { wstunnel });
    const got: { readonly bytes: number; readonly closed: boolean }[] = [];
    for (const pauseMs of [0, 0, 0, 0, 0, 0, 0, 0, 1, 5]) {
      got.push(await uploadUntilClosed(await openTunnel(program.address), pauseMs));
    }
    assert.deepEqual(got.map(({ bytes }) => bytes), got.map(() => answer.length));
    await program.entry("tunnel closed", got.length);
    const codes = program.entries("tunnel closed").map(({ code }) => code);
    const closed = got.filter(({ closed }) => closed).length;
    // Of one that got its Close and lost its connection under the answer nobody can tell.
    assert.ok(codes.filter((code) => code === 1000).length <= closed, `${codes} of ${closed}`);
    if (can(engine, "close while its client sends")) assert.equal(closed, got.length);
  },
);

testEngines("a backend's reset gives the client what came, then 1011", async (engine) => {
  await using backend = await openResettingBackend("so far");
  await using program = await startFor(engine, backend.address);
  using client = await openTunnel(program.address);
  assert.equal(text(await client.payload(6)), "so far");
  await client.send(Opcode.BINARY, "go away");
  assert.deepEqual(await client.closed(), { code: 1011, reason: "the backend connection failed" });
  await finishClose(client, 1011);
  await assertClosed(program, { cause: "backend-error", code: 1011, up: 7, down: 6 });
});

const NOT_UTF8 = {
  code: 1007,
  reason: 'the backend sent bytes that are not UTF-8: use frame-type = "binary"',
};

testEngines("bytes of a backend that are not UTF-8 end a text tunnel with 1007", async (engine) => {
  await withTunnel(engine, {}, async ({ program, client, taken }) => {
    await taken.write(Uint8Array.of(0x68, 0x69, 0xff, 0x68));
    assert.equal(text(await client.payload(2, Opcode.TEXT)), "hi");
    assert.deepEqual(await client.closed(), NOT_UTF8);
    await finishClose(client, 1007);
    assert.equal((await taken.reader.rest("the end of the tunnel")).end, "fin");
    taken.close();
    await assertClosed(program, { cause: "backend-not-utf8", code: 1007 });
  });
});

testEngines(
  "a character split over two reads goes into the next message, and must be whole",
  async (engine) => {
    await withTunnel(engine, {}, async ({ program, client, taken }) => {
      const euro = new TextEncoder().encode("€");
      await taken.write(Uint8Array.of(0x61, ...euro.subarray(0, 2)));
      assert.equal(text(await client.message(Opcode.TEXT)), "a");
      await taken.write(euro.subarray(2));
      assert.equal(text(await client.message(Opcode.TEXT)), "€");
      await taken.write(euro.subarray(0, 1));
      taken.close();
      assert.deepEqual(await client.closed(), NOT_UTF8);
      await finishClose(client, 1007);
      await assertClosed(program, { cause: "backend-not-utf8", code: 1007 });
    });
  },
);

testEngines("bytes of any value go through a binary tunnel", async (engine) => {
  await withTunnel(engine, { wstunnel: BINARY_FRAMES }, async ({ client, taken }) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
    await taken.write(bytes);
    assert.deepEqual(await client.payload(256, Opcode.BINARY), bytes);
    await client.send(Opcode.BINARY, bytes);
    assert.deepEqual(await taken.reader.exactly(256, "the bytes"), bytes);
  });
});

testEngines("read-timeout ends a tunnel whose backend is silent with 1001", async (engine) => {
  await withTunnel(engine, { host: "read-timeout = 1" }, async ({ program, client, taken }) => {
    const reason = "the backend was silent for too long";
    assert.deepEqual(await client.closed(), { code: 1001, reason });
    await finishClose(client, 1001);
    assert.equal((await taken.reader.rest("the end of the tunnel")).end, "fin");
    taken.close();
    const entry = await assertClosed(program, { cause: "backend-idle", code: 1001, reason });
    assert.ok(Number(entry.seconds) >= 1);
  });
});

testEnginesThat(
  "send after the client's Close",
  "tcp-fin-propagate lets a half-closed backend answer",
  async (engine) => {
    await withTunnel(
      engine,
      { host: "tcp-fin-propagate = true" },
      async ({ program, client, taken }) => {
        await client.send(Opcode.BINARY, "question");
        await client.send(Opcode.CLOSE, closePayload(1000));
        const { bytes, end } = await taken.reader.rest("the client's end");
        assert.equal(text(bytes), "question");
        assert.equal(end, "fin");
        await taken.write("answer");
        taken.close();
        assert.equal(text(await client.payload(6)), "answer");
        assert.equal((await client.closed()).code, 1000);
        assert.equal(await client.end(), "fin");
        await assertClosed(program, { cause: "client-close", code: 1000, up: 8, down: 6 });
      },
    );
  },
);

async function refusedWith(address: string): Promise<number> {
  using client = await openRaw(address);
  await client.write(handshake());
  return (await client.head()).status;
}

testEngines(
  "an outage is 503 for each request, once in the log, and ends by itself",
  async (engine) => {
    const port = freePort();
    await using program = await startFor(engine, `127.0.0.1:${port}`, {
      host: "disable-time = 0.2",
    });
    for (let request = 0; request < 5; request++) {
      assert.equal(await refusedWith(program.address), 503);
    }
    await program.entry("every backend of the route is down");
    assert.equal(program.entries("every backend of the route is down").length, 1);
    await using _backend = serveBackend(echo, { port });
    await eventually(
      "the backend to be tried again",
      async () => await refusedWith(program.address) === 101,
    );
    await program.entry("route has a backend again");
  },
);

testEngines("the next backend is tried when one is down", async (engine) => {
  await using backend = openBackend();
  const backends = [`127.0.0.1:${freePort()}`, backend.address];
  await using program = await startFor(engine, backends);
  using client = await openTunnel(program.address);
  await client.send(Opcode.TEXT, "to whom it may concern");
  const taken = await backend.take();
  assert.equal(text(await taken.reader.exactly(22, "the words")), "to whom it may concern");
});

testEnginesThat(
  "answer any head",
  "a client that ends before its backend has answered is told nothing",
  async (engine) => {
    using silent = await listenSilently();
    await using program = await startFor(engine, silent.address);
    using client = await openRaw(program.address);
    await client.write(handshake());
    await (client.connection as Deno.TcpConn).closeWrite();
    // Nor is anything said by TLS, which has an end of its own.
    if (OVER_TLS) await assert.rejects(client.end(), Deno.errors.UnexpectedEof);
    else assert.equal(await client.end(), "fin");
  },
);

testEngines("connect-timeout refuses with 503 when a backend does not answer", async (engine) => {
  using silent = await listenSilently();
  const settings = { host: "connect-timeout = 0.5" };
  await using program = await startFor(engine, silent.address, settings);
  const start = performance.now();
  assert.equal(await refusedWith(program.address), 503);
  assert.ok(performance.now() - start >= 500);
  const entry = await program.entry("every backend of the route is down");
  assert.equal(entry.reason, `${silent.address}: no answer within 0.5 s`);
});

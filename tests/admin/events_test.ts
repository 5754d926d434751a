/** The stream of samples: what it says, who reads it slowly or not at all, and the program's end. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import type { Sample } from "../../lib/control/admin/shapes.ts";
import { ask, leadingTo, startAdministered } from "./asking.ts";

interface Stream extends Disposable {
  readonly connection: Deno.Conn;
  /** The next event. */
  next(): Promise<{ readonly event: string; readonly value: unknown }>;
  /** Resolves at its end. */
  ended(): Promise<void>;
}

async function openStream(at: string): Promise<Stream> {
  const connection = await connect(at);
  await writeAll(
    connection,
    new TextEncoder().encode(`GET /api/events HTTP/1.1\r\nHost: ${at}\r\n\r\n`),
  );
  const reader = createReader(connection);
  const head = await reader.through("\r\n\r\n", "a stream");
  if (!/^HTTP\/1\.1 200 [^]*content-type: text\/event-stream/i.test(head)) {
    connection.close();
    throw new Error(`no stream: ${head}`);
  }
  return {
    connection,
    async next() {
      // Each is a chunk: its length in front of it, and the end of a line behind.
      await reader.through("\r\n", "a chunk");
      const text = await reader.through("\n\n", "an event");
      await reader.through("\r\n", "the chunk's end");
      const [, event, value] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text)!;
      return { event: event!, value: JSON.parse(value!) };
    },
    async ended() {
      await reader.rest("the stream's end");
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

Deno.test("a stream begins with the samples that were, and goes on with one a second", async () => {
  await using backend = serveBackend(echo);
  await using administered = await startAdministered({ text: leadingTo([backend.address]) });
  const { at, program } = administered;
  using first = await openStream(at);
  assert.equal((await first.next()).event, "history");

  using client = await openTunnel(program.address);
  await client.send(Opcode.BINARY, new Uint8Array(100_000));
  await client.payload(100_000);
  using passing = await openTunnel(program.address);
  await passing.send(Opcode.BINARY, new Uint8Array(1_000));
  await passing.payload(1_000);
  await passing.close(1000);
  using refused = await openRaw(program.address);
  await refused.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await refused.head()).status, 426);

  const sum = { opened: 0, refused: 0, up: 0, down: 0 };
  let last: Sample | null = null;
  await eventually("all in samples", async () => {
    const { event, value } = await first.next();
    assert.equal(event, "sample");
    const sample = value as Sample;
    // On a busy machine some are late.
    if (last !== null) assert(sample.time > last.time && sample.time < last.time + 10_000);
    last = sample;
    for (const key of ["opened", "refused", "up", "down"] as const) sum[key] += sample[key];
    assert(sample.lagMs >= 0);
    return sum.opened === 2 && sum.refused === 1 && sum.up === 101_000 && sample.tunnels === 1;
  });
  assert.deepEqual(sum, { opened: 2, refused: 1, up: 101_000, down: 101_000 });
  assert.deepEqual(last!.backends, { up: 1 });
  using second = await openStream(at);
  const { event, value } = await second.next();
  assert.equal(event, "history");
  assert((value as Sample[]).some(({ time }) => time === last!.time));
});

Deno.test("there are 16 streams at once, and a place for another once one has left", async () => {
  await using administered = await startAdministered({ text: leadingTo(["127.0.0.1:9"]) });
  const { at } = administered;
  const streams = await Promise.all(Array.from({ length: 16 }, () => openStream(at)));
  const { status, json } = await ask(at, "/api/events");
  assert.equal(status, 503);
  assert.match(json.error, /16 streams/);
  assert.equal((await ask(at, "/readyz")).status, 200);
  streams.pop()![Symbol.dispose]();
  streams.push((await eventually("a place", () => openStream(at).catch(() => null)))!);
  for (const stream of streams) stream[Symbol.dispose]();
});

Deno.test("at the program's end /readyz says so while tunnels last, and no stream keeps it", async () => {
  await using backend = serveBackend(echo);
  await using administered = await startAdministered({
    text: `grace-time = 60\n${leadingTo([backend.address])}`,
  });
  const { at, program } = administered;
  using stream = await openStream(at);
  // One whose client doesn't answer the Close.
  using client = await openTunnel(program.address);
  assert.equal((await stream.next()).event, "history");
  program.signal("SIGTERM");
  await eventually("draining", async () => {
    const { status, text } = await ask(at, "/readyz");
    return status === 503 && text === "draining\n";
  });
  assert.equal((await ask(at, "/healthz")).status, 200);
  assert.equal((await ask(at, "/api/status")).json.phase, "draining");
  assert.equal((await stream.next()).event, "sample");
  await client.closed();
  const ended = stream.ended();
  client[Symbol.dispose]();
  assert.equal(await program.exit(), 0);
  await inTime("the stream's end", ended, () => stream[Symbol.dispose]());
});

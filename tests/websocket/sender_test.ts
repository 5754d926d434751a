import assert from "node:assert/strict";
import { Sender } from "../../lib/websocket/sender.ts";

/** A connection whose writes end when the test says so, as the event loop may end several in one turn. */
function connection() {
  const writes: { readonly bytes: number[]; readonly done: (count: number) => void }[] = [];
  return {
    writes,
    write: (buffer: Uint8Array) =>
      new Promise<number>((done) => writes.push({ bytes: [...buffer], done })),
  };
}

const DEAF = { sendFailed() {}, controlsSent() {} };

const PONG = Uint8Array.of(0x8a, 0);
const MESSAGE = Uint8Array.of(0x82, 1, 7);
const CLOSE = Uint8Array.of(0x88, 2, 3, 0xe8);

/** Lets what is settled be noticed. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

for (const steps of [0, 1, 2, 3, 4]) {
  Deno.test(`a Pong owed ${steps} steps before a waiting message's turn is not mixed into it`, async () => {
    const { writes, write } = connection();
    const sender = new Sender({ write }, DEAF);
    sender.pongs(PONG);
    const sent = sender.message(MESSAGE);
    // In one turn of the event loop the first Pong is out and the next Ping comes.
    writes[0]!.done(PONG.length);
    for (let i = 0; i < steps; i++) await null;
    sender.pongs(PONG);
    await settle();
    assert.equal(writes.length, 2, "of two frames at a time the parts would mix");
    writes[1]!.done(writes[1]!.bytes.length);
    await settle();
    writes[2]!.done(writes[2]!.bytes.length);
    assert.equal(await sent, true);
    const last = writes.slice(1).map(({ bytes }) => bytes);
    assert.deepEqual(last.toSorted(), [[...MESSAGE], [...PONG]]);
  });
}

Deno.test("a frame that the system takes in parts goes out whole before the next one", async () => {
  const { writes, write } = connection();
  const sender = new Sender({ write }, DEAF);
  const sent = sender.message(MESSAGE);
  sender.pongs(PONG);
  const closed = sender.close(CLOSE);
  for (let i = 0; i < 9; i++) {
    assert.equal(writes.length, i + 1);
    writes[i]!.done(1);
    await settle();
  }
  assert.equal(await sent, true);
  await closed;
  assert.deepEqual(writes.map(({ bytes }) => bytes[0]), [...MESSAGE, ...PONG, ...CLOSE]);
});

Deno.test("a message that waits behind a Close is not sent", async () => {
  const { writes, write } = connection();
  const sender = new Sender({ write }, DEAF);
  sender.pongs(PONG);
  const sent = sender.message(MESSAGE);
  const closed = sender.close(CLOSE);
  writes[0]!.done(PONG.length);
  await settle();
  writes[1]!.done(CLOSE.length);
  await closed;
  assert.equal(await sent, false);
  assert.deepEqual(writes.map(({ bytes }) => bytes), [[...PONG], [...CLOSE]]);
});

Deno.test("of the Pongs that wait for a message only the latest are sent", async () => {
  const { writes, write } = connection();
  const sender = new Sender({ write }, DEAF);
  const sent = sender.message(MESSAGE);
  sender.pongs(Uint8Array.of(0x8a, 1, 1));
  sender.pongs(Uint8Array.of(0x8a, 1, 2));
  writes[0]!.done(MESSAGE.length);
  await settle();
  writes[1]!.done(3);
  await sent;
  await settle();
  assert.deepEqual(writes.map(({ bytes }) => bytes), [[...MESSAGE], [0x8a, 1, 2]]);
});

Deno.test("a connection that takes no more is told once, and nobody waits for ever", async () => {
  const failures: unknown[] = [];
  const failed = new Error("gone");
  const sent: Uint8Array[] = [];
  const sender = new Sender({ write: () => Promise.reject(failed) }, {
    sendFailed: (error) => failures.push(error),
    controlsSent: (frames) => sent.push(frames),
  });
  assert.equal(await sender.message(MESSAGE), false);
  sender.pongs(PONG);
  await sender.close(CLOSE);
  assert.equal(await sender.message(MESSAGE), false);
  assert.deepEqual(failures, [failed]);
  assert.deepEqual(sent, [], "what was never sent is not called so");
});

Deno.test("control frames are told of once all of them is out", async () => {
  const { writes, write } = connection();
  const sent: number[][] = [];
  const listener = {
    sendFailed() {},
    controlsSent: (frames: Uint8Array) => sent.push([...frames]),
  };
  const sender = new Sender({ write }, listener);
  sender.pongs(PONG);
  const closed = sender.close(CLOSE);
  writes[0]!.done(1);
  await settle();
  assert.deepEqual(sent, []);
  writes[1]!.done(1);
  await settle();
  assert.deepEqual(sent, [[...PONG]]);
  writes[2]!.done(CLOSE.length);
  await closed;
  assert.deepEqual(sent, [[...PONG], [...CLOSE]]);
});

Deno.test("a probe's Pong is told of once all of it is out", async () => {
  const { writes, write } = connection();
  const sent: number[][] = [];
  const listener = {
    sendFailed() {},
    controlsSent: (frames: Uint8Array) => sent.push([...frames]),
  };
  const probing = new Sender({ write }, listener).probe(PONG);
  writes[0]!.done(1);
  await settle();
  assert.deepEqual(sent, []);
  writes[1]!.done(1);
  await probing;
  assert.deepEqual(sent, [[...PONG]]);
});

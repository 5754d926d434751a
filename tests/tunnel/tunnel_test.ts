import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connectPair, until } from "../support/connection_pair.ts";
import { A_WHILE_MS, type Rig, runTunnel, withTunnel } from "./tunnel_rig.ts";

function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

function same(got: Uint8Array, want: Uint8Array): void {
  assert.equal(Buffer.compare(got, want), 0, `${got.length} bytes, not the ${want.length} sent`);
}

const MIB = 1024 * 1024;

/** How long the closing handshake may take. */
const CLOSE_MS = 5_000;

/** A backend that says a word every tenth of a second, and is heard, for `words` of them. */
async function talk({ backend, pass, readsDone }: Rig, words: number, until_ = () => false) {
  for (let i = 0; i < words && !until_(); i++) {
    const reads = readsDone();
    await backend.send("still here");
    await until("it to be read", () => readsDone() > reads || until_());
    pass(100);
  }
}

/** Whether a promise is settled by now. */
function settled(promise: Promise<unknown>): () => boolean {
  let is = false;
  promise.then(() => is = true);
  return () => is;
}

Deno.test("`Tunnel` passes every byte both ways, and the client's end on after them", async () => {
  await withTunnel({}, async ({ tunnel, socket, flow, client, backend }) => {
    const [up, down] = [random(MIB), random(MIB + 1)];
    const sent = [client.send(up), backend.send(down)];
    same(await client.receive(down.length), down);
    same(await backend.receive(up.length), up);
    await Promise.all(sent);
    const last = random(300_000);
    client.send(last);
    client.finish();
    const { bytes, by } = await backend.rest();
    same(bytes.subarray(up.length), last);
    assert.equal(by, "fin");
    backend.finish();
    assert.deepEqual(await tunnel.ended, { cause: "client-close", code: 1000, reason: "" });
    assert.equal(socket.told?.code, 1000);
    assert.deepEqual([flow.upBytes, flow.downBytes], [up.length + last.length, down.length]);
  });
});

Deno.test("`Tunnel` gives the client all of a backend that ends, then 1000", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend, pass, readsUnderWay }) => {
    const down = random(MIB);
    backend.send(down);
    backend.finish();
    // Nobody reads while the backend ends: what it sent waits in the tunnel.
    const rest = client.rest();
    await until("the client to be told", () => socket.told !== null);
    pass(CLOSE_MS);
    const { bytes, by } = await rest;
    same(bytes, down);
    assert.equal(by, "fin");
    client.finish();
    assert.deepEqual(await tunnel.ended, { cause: "backend-end", code: 1000, reason: "" });
    assert.equal(socket.told?.code, 1000);
    await until("no read to be under way", () => readsUnderWay() === 0);
  });
});

Deno.test("`Tunnel` tells the client 1011 when the backend resets, after what it sent", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend, pass }) => {
    await backend.send("last words");
    await client.receive(10);
    backend.reset();
    await until("the client to be told", () => socket.told !== null);
    pass(CLOSE_MS);
    assert.equal((await tunnel.ended).cause, "backend-error");
    assert.equal(socket.told?.code, 1011);
    assert.equal((await client.rest()).bytes.length, 10);
  });
});

Deno.test("`Tunnel` tells the client 1011 when the backend resets while it is being sent to", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend, pass, upIsFull }) => {
    client.send(random(16 * MIB));
    await until("the backend to be full", upIsFull);
    backend.reset();
    await until("the client to be told", () => socket.told !== null);
    pass(CLOSE_MS);
    assert.equal((await tunnel.ended).cause, "backend-error");
    assert.equal(socket.told?.code, 1011);
  });
});

Deno.test("`Tunnel` gives the backend all of a client that is lost, then the end", async () => {
  await withTunnel({}, async ({ tunnel, flow, client, backend }) => {
    const up = random(100_000);
    await client.send(up);
    await until("the tunnel to have them", () => flow.upBytes === up.length);
    client.reset();
    const { bytes, by } = await backend.rest();
    same(bytes, up);
    assert.equal(by, "fin");
    backend.finish();
    const { cause, code } = await tunnel.ended;
    assert.deepEqual([cause, code], ["client-lost", 1006]);
  });
});

Deno.test("`end()` for a shutdown tells the client 1001 and the backend the end; the first cause wins", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend }) => {
    tunnel.end("shutdown");
    tunnel.end("backend-stalled");
    client.finish();
    assert.deepEqual(await backend.rest(), { bytes: new Uint8Array(0), by: "fin" });
    backend.reset();
    const ended = await tunnel.ended;
    assert.deepEqual([ended.cause, ended.code], ["shutdown", 1001]);
    assert.equal(socket.told?.code, 1001);
    assert.equal(socket.told?.reason, ended.reason);
  });
});

Deno.test("`Tunnel` gives a slow backend the last bytes of a client that has closed", async () => {
  await withTunnel({}, async ({ tunnel, client, backend }) => {
    const up = random(12 * MIB);
    client.send(up);
    client.finish();
    for (let length = MIB; length < up.length; length += MIB) await backend.receive(length);
    const { bytes, by } = await backend.rest();
    same(bytes, up);
    assert.equal(by, "fin");
    backend.finish();
    assert.equal((await tunnel.ended).cause, "client-close");
  });
});

Deno.test("`Tunnel` reads on what the backend still sends, so that no reset overtakes the client's last bytes", async () => {
  await withTunnel({}, async ({ tunnel, client, backend, pass }) => {
    const up = random(500_000);
    // More than the tunnel's buffers hold, and nobody takes it at the client's side.
    const sent = backend.send(random(8 * MIB));
    await client.send(up);
    client.finish();
    await sent;
    backend.finish();
    const { bytes, by } = await backend.rest();
    same(bytes, up);
    assert.equal(by, "fin");
    // It has had time enough to take what waits for it.
    pass(A_WHILE_MS);
    assert.equal((await tunnel.ended).cause, "client-close");
  });
});

Deno.test("`Tunnel` gives a slow backend the last bytes of a client that has closed, though it goes on talking", async () => {
  await withTunnel({}, async (rig) => {
    const { tunnel, client, backend } = rig;
    const up = random(2 * MIB);
    client.send(up);
    client.finish();
    await until("the backend to be told", () => !rig.flow.upWaits);
    // Longer than a silent backend is waited for, and it has read nothing so far.
    await talk(rig, 30);
    const { bytes, by } = await backend.rest();
    same(bytes, up);
    assert.equal(by, "fin");
    backend.finish();
    assert.equal((await tunnel.ended).cause, "client-close");
  });
});

Deno.test("`Tunnel` does not wait long for a backend that goes on talking where its client had sent nothing", async () => {
  await withTunnel({}, async (rig) => {
    rig.client.finish();
    await until("the client to be told", () => rig.socket.told !== null);
    const isOver = settled(rig.tunnel.ended);
    await talk(rig, 30, isOver);
    assert.ok(isOver());
  });
});

Deno.test("`end()` for a shutdown cuts the wait for a backend that goes on talking short", async () => {
  await withTunnel({}, async (rig) => {
    await rig.client.send("something");
    rig.client.finish();
    await rig.backend.rest();
    await talk(rig, 30);
    const isOver = settled(rig.tunnel.ended);
    assert.ok(!isOver(), "it waits for one that was sent something and talks");
    rig.tunnel.end("shutdown");
    await talk(rig, 21, isOver);
    await rig.tunnel.ended;
  });
});

Deno.test("`Tunnel` has no read under way in its buffer once it has ended, though the backend never ends", async () => {
  await withTunnel({}, async ({ tunnel, client, backend, pass, readsUnderWay }) => {
    // The client takes nothing, so that the pump to it ends on the client, and its backend's bytes are thrown away.
    const flood = backend.send(random(16 * MIB));
    client.finish();
    await flood;
    pass(A_WHILE_MS);
    await tunnel.ended;
    await until("no read to be under way", () => readsUnderWay() === 0);
  });
});

Deno.test("`Tunnel` with tcp-fin-propagate gives the client the backend's answer to its end", async () => {
  const pingIntervalMs = 20;
  await withTunnel({ tcpFinPropagate: true, pingIntervalMs }, async (rig) => {
    const { tunnel, socket, client, backend, pass } = rig;
    await client.send("question");
    client.finish();
    const { bytes, by } = await backend.rest();
    assert.deepEqual([Buffer.from(bytes).toString(), by], ["question", "fin"]);
    // A client that has closed answers no Pings: that is no silence.
    const pings = socket.pings;
    for (let i = 0; i < 6; i++) pass(pingIntervalMs);
    assert.equal(socket.pings, pings);
    assert.equal(socket.told, null);
    await backend.send("answer");
    backend.finish();
    assert.equal(Buffer.from((await client.rest()).bytes).toString(), "answer");
    assert.deepEqual(await tunnel.ended, { cause: "client-close", code: 1000, reason: "" });
  });
});

Deno.test("`Tunnel` in base64 decodes what comes up and encodes what goes down", async () => {
  await withTunnel({ encoding: "base64" }, async ({ tunnel, flow, client, backend }) => {
    const [up, down] = [random(99_998), random(2)];
    await client.send(Buffer.from(up).toString("base64") + "QQ==");
    const received = await backend.receive(up.length + 1);
    same(received.subarray(0, up.length), up);
    await backend.send(down);
    const want = Buffer.from(down).toString("base64");
    assert.equal(Buffer.from(await client.receive(4)).toString(), want);
    assert.deepEqual([flow.upBytes, flow.downBytes], [up.length + 1, 2]);
    backend.finish();
    client.finish();
    await tunnel.ended;
  });
});

for (const [what, text] of [["what is no base64", "QUJ!"], ["an open group at its end", "QUJDQ"]]) {
  Deno.test(`\`Tunnel\` in base64 tells the client 1007 for ${what}`, async () => {
    await withTunnel({ encoding: "base64" }, async ({ tunnel, socket, client, backend }) => {
      await client.send("aGVsbG8h" + text!);
      client.finish();
      const { bytes, by } = await backend.rest();
      assert.equal(Buffer.from(bytes).toString(), "hello!ABC".slice(0, bytes.length));
      assert.ok(bytes.length >= "hello!".length, "what came before it");
      assert.equal(by, "fin");
      backend.finish();
      assert.equal((await tunnel.ended).cause, "client-base64");
      assert.equal(socket.told?.code, 1007);
    });
  });
}

Deno.test("`Tunnel` in base64 says that the client is lost where its connection broke inside a group", async () => {
  await withTunnel({ encoding: "base64" }, async ({ tunnel, flow, client, backend }) => {
    await client.send("QUJDQ");
    await until("the whole group to be passed on", () => flow.upBytes === 3);
    client.reset();
    await backend.rest();
    backend.finish();
    assert.equal((await tunnel.ended).cause, "client-lost");
  });
});

Deno.test("`Tunnel` in text counts the bytes of characters that come one by one", async () => {
  await withTunnel({ encoding: "text" }, async ({ tunnel, socket, flow, client, backend }) => {
    const bytes = new TextEncoder().encode("\u20ac\u{1f600}");
    for (const [index, byte] of bytes.entries()) {
      await backend.send(Uint8Array.of(byte));
      await until("it to be read", () => flow.downBytes === index + 1);
    }
    same(await client.receive(bytes.length), bytes);
    await until("all to be counted", () => flow.downBytes >= bytes.length);
    assert.equal(flow.downBytes, bytes.length);
    backend.finish();
    await until("the client to be told", () => socket.told !== null);
    client.finish();
    assert.equal((await tunnel.ended).cause, "backend-end");
  });
});

Deno.test("`Tunnel` in text sends what is UTF-8, then 1007; the backend gets the client's bytes and the end", async () => {
  await withTunnel(
    { encoding: "text" },
    async ({ tunnel, flow, socket, client, backend, pass }) => {
      const up = random(MIB);
      const received = client.send(up);
      await until("the tunnel to carry them", () => flow.upBytes > 0);
      await backend.send("good");
      assert.equal(Buffer.from(await client.receive(4)).toString(), "good");
      // Far more than is read before the bad byte is found: a close would leave it unread, and be a reset.
      const sent = backend.send(new Uint8Array(4 * MIB).fill(0xff));
      await until("the client to be told", () => socket.told !== null);
      assert.equal(socket.told?.code, 1007);
      backend.receive(1);
      await sent;
      backend.finish();
      const { by } = await backend.rest();
      assert.equal(by, "fin");
      pass(CLOSE_MS);
      assert.equal((await tunnel.ended).cause, "backend-not-utf8");
      client.finish();
      await received;
    },
  );
});

Deno.test("`Tunnel` in text tells the client 1007 for a character that the backend's end cuts", async () => {
  await withTunnel({ encoding: "text" }, async ({ tunnel, socket, client, backend, pass }) => {
    await backend.send(Uint8Array.of(0x41, 0xe2, 0x82));
    backend.finish();
    await until("the client to be told", () => socket.told !== null);
    pass(CLOSE_MS);
    assert.equal(Buffer.from((await client.rest()).bytes).toString(), "A");
    client.finish();
    assert.equal((await tunnel.ended).cause, "backend-not-utf8");
    assert.equal(socket.told?.code, 1007);
  });
});

Deno.test("a tunnel that throws again and again lets go of a client that is late to leave", async () => {
  const [client, backend] = [await connectPair(), await connectPair()];
  const { tunnel, running, pass, released } = runTunnel(client.near, backend.near);
  tunnel.end("operator");
  await backend.far.close();
  await until("the client to be told", () => running.endpoint.closeSent);
  pass(CLOSE_MS);
  await tunnel.ended;
  const isReleased = settled(released);
  running.onDefect();
  running.onDefect();
  await until("its end", isReleased);
  await client.far.close();
});

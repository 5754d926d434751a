import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import { Opcode } from "../support/raw_client.ts";
import { connectPair, until } from "../support/connection_pair.ts";
import { framedEnd } from "./framed_end.ts";
import { A_WHILE_MS, type Rig, runTunnel, spyOn, withTunnel } from "./tunnel_rig.ts";

const PING_MS = 20;

/** Sends more than the backend's and the tunnel's buffers hold, and waits until the pump stands still. */
async function fillBackend({ client, upIsFull }: Rig): Promise<void> {
  client.send(new Uint8Array(16 * 1024 * 1024));
  await until("the backend to be full", upIsFull);
}

Deno.test("`Tunnel` pings, and drops a client that stays silent with 1001", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async (rig) => {
    const { tunnel, socket, client, backend, pass } = rig;
    for (let ms = 0; ms < 3 * PING_MS; ms++) {
      assert.equal(socket.told, null, `after ${ms} ms`);
      pass(1);
    }
    assert.deepEqual(socket.told, { code: 1001, reason: "no answer to Pings" });
    const pings = socket.pings;
    assert(pings >= 1);
    assert.equal((await backend.rest()).by, "fin");
    client.finish();
    backend.finish();
    assert.equal((await tunnel.ended).cause, "client-silent");
    assert.equal(socket.pings, pings);
  });
});

Deno.test("`Tunnel` keeps a client that is heard", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async ({ socket, flow, client, pass }) => {
    for (let pings = 1; pings <= 8; pings++) {
      for (let ms = 0; ms < PING_MS; ms++) pass(1);
      assert.equal(socket.pings, pings);
      const { upBytes } = flow;
      await client.send("alive");
      await until("it to be heard", () => flow.upBytes > upBytes);
    }
    assert.equal(socket.told, null);
  });
});

Deno.test("`Tunnel` keeps a client that says nothing and takes what it is sent, however slowly", async () => {
  await withTunnel({ pingIntervalMs: 200 }, async (rig) => {
    const { tunnel, socket, flow, client, backend, pass } = rig;
    const flood = backend.send(new Uint8Array(256 * 1024 * 1024)).catch(() => {});
    // The system lets go of a sender only when a third of its buffer is free, which is a megabyte or two.
    for (let taken = 0; socket.pings < 12;) {
      const { downBytes } = flow;
      while (flow.downBytes === downBytes) taken = await client.some(taken + 512 * 1024);
      pass(200);
      assert.equal(socket.told, null, `after ${taken} bytes and ${socket.pings} Pings`);
    }
    // Now it takes nothing more, as one that has vanished: it is given the minutes that a slow reader needs.
    await until("the end", () => {
      pass(5_000);
      return socket.told !== null;
    });
    assert.equal(socket.told?.reason, "no answer to Pings");
    client.reset();
    backend.reset();
    await flood;
    pass(A_WHILE_MS);
    await tunnel.ended;
  });
});

Deno.test("`Tunnel` keeps a client whose bytes wait for a stalled backend, as nobody can hear it", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async (rig) => {
    const { socket, pass } = rig;
    await fillBackend(rig);
    const pings = socket.pings;
    while (socket.pings < pings + 6) pass(PING_MS);
    assert.equal(socket.told, null);
    rig.backend.reset();
  });
});

Deno.test("`Tunnel` drops a silent client behind a stalled backend when it could be heard", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async (rig) => {
    const { socket, flow, client, pass } = rig;
    rig.stallBackend();
    await client.send(new Uint8Array(8 * 1024));
    await until("it to wait", () => flow.upWaits);
    // No more than is read on behind a stalled backend.
    await client.send(new Uint8Array(16));
    const { upBytes } = flow;
    for (let i = 0; i < 8; i++) pass(PING_MS);
    assert.equal(socket.told?.reason, "no answer to Pings");
    assert.equal(flow.upBytes, upBytes);
    rig.backend.reset();
  });
});

Deno.test("`Tunnel` ends when its client is lost behind a stalled backend, though nothing is read from it", async () => {
  await withTunnel({}, async (rig) => {
    await fillBackend(rig);
    rig.client.reset();
    await until("the end", () => {
      rig.pass(1_000);
      return rig.socket.told !== null;
    });
    rig.backend.reset();
    assert.equal((await rig.tunnel.ended).cause, "backend-stalled");
  });
});

Deno.test("`Tunnel` ends by a silent backend's read-timeout with 1001, not before", async () => {
  await withTunnel({ readTimeoutMs: 60 }, async (rig) => {
    const { tunnel, socket, flow, client, backend, pass } = rig;
    for (let i = 1; i <= 4; i++) {
      await backend.send("x");
      await until("it to be passed on", () => flow.downBytes === i);
      for (let ms = 0; ms < 59; ms++) pass(1);
      assert.equal(socket.told, null);
    }
    pass(2);
    assert.equal((await client.receive(4)).length, 4);
    assert.equal(socket.told?.code, 1001);
    await backend.rest();
    backend.finish();
    client.finish();
    assert.equal((await tunnel.ended).cause, "backend-idle");
  });
});

Deno.test("`Tunnel` ends by a stalled backend's write-timeout with 1011, and leaves no write behind", async () => {
  await withTunnel({ writeTimeoutMs: 60 }, async (rig) => {
    await fillBackend(rig);
    rig.pass(1);
    rig.pass(60);
    assert.equal(rig.socket.told?.code, 1011);
    rig.client.reset();
    const { cause } = await rig.tunnel.ended;
    assert.equal(cause, "backend-stalled");
  });
});

Deno.test("`Tunnel` has no read under way in its buffer once it has ended, though the backend stays silent", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend, pass, readsUnderWay }) => {
    client.finish();
    await until("the client to be told", () => socket.told !== null);
    await backend.send("too late");
    pass(A_WHILE_MS);
    await tunnel.ended;
    await until("no read to be under way", () => readsUnderWay() === 0);
  });
});

/**
 * A backend whose write fails and whose read then sees the stream's end: the order in which a reset is told can't be
 * had from a real one on purpose.
 */
function failingWrites(error: Error): BackendConnection {
  const failed = Promise.withResolvers<null>();
  return {
    read: () => failed.promise,
    write() {
      failed.resolve(null);
      return Promise.reject(error);
    },
    closeWrite: () => Promise.resolve(),
    close: () => failed.resolve(null),
  };
}

const FAILURES = [
  [new Deno.errors.ConnectionReset("reset"), "backend-error"],
  [new Deno.errors.BrokenPipe("pipe"), "backend-end"],
] as const;

for (const [error, cause] of FAILURES) {
  Deno.test(`\`Tunnel\` ends by ${cause} where a write meets ${error.name} and the read an end`, async () => {
    const { near, far } = await connectPair();
    const { tunnel, running, pass, released } = runTunnel(near, failingWrites(error));
    const socket = spyOn(running);
    const client = framedEnd(far, Opcode.BINARY);
    await client.send("x");
    client.finish();
    assert.equal((await tunnel.ended).cause, cause);
    assert.equal(socket.told?.code, cause === "backend-end" ? 1000 : 1011);
    pass(A_WHILE_MS);
    await Promise.all([client.close(), released]);
  });
}

Deno.test("`Tunnel` ends with 1001 when no byte went either way for its idle timeout, Pings being none", async () => {
  await withTunnel({ idleTimeoutMs: 60, pingIntervalMs: 40 }, async (rig) => {
    const { tunnel, socket, flow, client, backend, pass } = rig;
    for (let i = 1; i <= 4; i++) {
      if (i % 2 === 0) await backend.send("x");
      else await client.send("x");
      await until("it to be passed on", () => flow.downBytes + flow.upBytes === i);
      for (let ms = 0; ms < 59; ms++) pass(1);
      assert.equal(socket.told, null, `after ${i} bytes`);
    }
    assert.ok(socket.pings > 0);
    pass(2);
    assert.deepEqual(socket.told, { code: 1001, reason: "nothing was sent for too long" });
    await backend.rest();
    backend.finish();
    client.finish();
    assert.equal((await tunnel.ended).cause, "tunnel-idle");
  });
});

Deno.test("`Tunnel` ends with 1001 when it has lasted as long as it may, whatever it does", async () => {
  await withTunnel({ maxLifetimeMs: 200 }, async (rig) => {
    const { tunnel, socket, flow, client, backend, pass } = rig;
    for (let ms = 0; ms < 199; ms++) pass(1);
    await client.send("last words");
    await until("it to be passed on", () => flow.upBytes === 10);
    assert.equal(socket.told, null);
    pass(1);
    assert.deepEqual(socket.told, {
      code: 1001,
      reason: "the tunnel has lasted as long as it may",
    });
    assert.equal((await backend.rest()).by, "fin");
    backend.finish();
    client.finish();
    assert.equal((await tunnel.ended).cause, "tunnel-expired");
  });
});

import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import { createFlow } from "../../lib/tunnel/pump.ts";
import { startTunnel } from "../../lib/tunnel/tunnel.ts";
import { createWatch } from "../../lib/tunnel/watch.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { connectPair, createSocketClient, until } from "../support/socket_client.ts";
import { NOTHING_TIMED, type Rig, withTunnel } from "./tunnel_rig.ts";

const PING_MS = 20;

/** Sends more than the backend's and the tunnel's buffers hold, and waits until the pump stands still. */
async function fillBackend({ client, flow }: Rig): Promise<void> {
  client.send(new Uint8Array(16 * 1024 * 1024));
  let seen = -1;
  let since = performance.now();
  await until("the backend to be full", () => {
    if (flow.upWaits === "backend" && flow.upSteps === seen) return performance.now() - since > 50;
    seen = flow.upSteps;
    since = performance.now();
    return false;
  });
}

Deno.test("`startTunnel()` pings, and drops a client that stays silent with 1001", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async ({ tunnel, socket, client, backend }) => {
    const began = performance.now();
    await until("the end", () => socket.told !== null);
    assert(performance.now() - began >= 3 * PING_MS - 1);
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

Deno.test("`startTunnel()` keeps a client that is heard", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async ({ socket, client }) => {
    for (let pings = 1; pings <= 8; pings++) {
      await until("another Ping", () => socket.pings >= pings);
      await client.send("alive");
    }
    assert.equal(socket.told, null);
  });
});

Deno.test("`startTunnel()` keeps a client that says nothing and takes what it is sent, however slowly", async () => {
  // The system lets go of a sender only when a third of its buffer is free, which is a megabyte or two.
  await withTunnel({ pingIntervalMs: 200 }, async ({ tunnel, socket, client, backend }) => {
    const flood = backend.send(new Uint8Array(256 * 1024 * 1024)).catch(() => {});
    for (let taken = 0; socket.pings < 12;) {
      taken = await client.some(taken + 512 * 1024);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(socket.told, null, `after ${taken} bytes and ${socket.pings} Pings`);
    }
    // Now it takes nothing more, as one that has vanished.
    await until("the end", () => socket.told !== null);
    assert.equal(socket.told?.reason, "no answer to Pings");
    client.reset();
    backend.reset();
    await flood;
    await tunnel.ended;
  });
});

Deno.test("`startTunnel()` keeps a client whose bytes wait for a stalled backend, as nobody can hear it", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async (rig) => {
    const { socket } = rig;
    socket.audible = false;
    await fillBackend(rig);
    const pings = socket.pings;
    await until("Pings for longer than silence is borne", () => socket.pings >= pings + 6);
    assert.equal(socket.told, null);
    assert(socket.lookedAhead > 0);
    rig.backend.reset();
  });
});

Deno.test("`startTunnel()` drops a silent client behind a stalled backend when it could be heard", async () => {
  await withTunnel({ pingIntervalMs: PING_MS }, async (rig) => {
    await fillBackend(rig);
    await until("the end", () => rig.socket.told !== null);
    assert.equal(rig.socket.told?.reason, "no answer to Pings");
    rig.backend.reset();
  });
});

Deno.test("`startTunnel()` ends when its client is lost behind a stalled backend, though none of the pumps can see it", async () => {
  await withTunnel({}, async (rig) => {
    await fillBackend(rig);
    rig.socket.vanish();
    await until("the end", () => rig.socket.told !== null);
    rig.backend.reset();
    assert.equal((await rig.tunnel.ended).cause, "backend-stalled");
  });
});

Deno.test("`startTunnel()` ends by a silent backend's read-timeout with 1001, not before", async () => {
  await withTunnel({ readTimeoutMs: 60 }, async ({ tunnel, socket, client, backend }) => {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await backend.send("x");
    }
    assert.equal((await client.receive(4)).length, 4);
    await until("the end", () => socket.told !== null);
    assert.equal(socket.told?.code, 1001);
    await backend.rest();
    backend.finish();
    client.finish();
    assert.equal((await tunnel.ended).cause, "backend-idle");
  });
});

Deno.test("`startTunnel()` ends by a stalled backend's write-timeout with 1011, and leaves no write behind", async () => {
  await withTunnel({ writeTimeoutMs: 60 }, async (rig) => {
    await fillBackend(rig);
    await until("the end", () => rig.socket.told !== null);
    assert.equal(rig.socket.told?.code, 1011);
    rig.client.reset();
    const { cause } = await rig.tunnel.ended;
    assert.equal(cause, "backend-stalled");
  });
});

Deno.test("`startTunnel()` has no read under way in its buffer once it has ended, though the backend stays silent", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend, readsUnderWay }) => {
    client.finish();
    await until("the client to be told", () => socket.told !== null);
    // The pump down meets the closed client; what follows is read to be thrown away.
    await backend.send("too late");
    await tunnel.ended;
    assert.equal(readsUnderWay(), 0);
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
  Deno.test(`\`startTunnel()\` ends by ${cause} where a write meets ${error.name} and the read an end`, async () => {
    const { near, far } = await connectPair();
    const socket = createSocketClient(near);
    const tunnel = startTunnel({
      client: socket,
      backend: failingWrites(error),
      encoding: "binary",
      buffers: plainBuffers(1024),
      flow: createFlow(),
      breather: NO_BREATHER,
      watch: createWatch(1000),
      ...NOTHING_TIMED,
    });
    await far.send("x");
    far.finish();
    assert.equal((await tunnel.ended).cause, cause);
    assert.equal(socket.told?.code, cause === "backend-end" ? 1000 : 1011);
    await far.close();
  });
}

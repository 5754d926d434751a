/** Orders of events between the two transports of a tunnel, over real sockets, that no look at the time helps along. */
import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import type { TransportListener } from "../../lib/engine/driven_transport.ts";
import { StreamTransport } from "../../lib/engine/stream_transport.ts";
import { StreamTunnel } from "../../lib/engine/stream_tunnel.ts";
import type { TunnelEnd } from "../../lib/tunnel/cause.ts";
import { connectPair, until } from "../support/connection_pair.ts";
import { inTime } from "../support/eventually.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { Opcode } from "../support/raw_client.ts";
import { framedEnd } from "../tunnel/framed_end.ts";
import { NOTHING_TIMED } from "../tunnel/tunnel_rig.ts";

const MIB = 1024 * 1024;

function shared() {
  return { buffers: plainBuffers(16 * 1024), breather: NO_BREATHER };
}

Deno.test("a client is read on when its backend ends while it is being sent to", async () => {
  const [client, backend] = [await connectPair(), await connectPair()];
  const options = shared();
  const over = Promise.withResolvers<TunnelEnd>();
  const released = Promise.withResolvers<void>();
  const near = new StreamTransport(backend.near, options);
  const { machine } = new StreamTunnel(new StreamTransport(client.near, options), near, {
    ...NOTHING_TIMED,
    encoding: "binary",
    role: "server",
    frameType: "binary",
    onFrame: null,
    now: () => 0,
    listener: { tunnelOver: over.resolve, tunnelReleased: released.resolve },
  });
  const far = framedEnd(client.far, Opcode.BINARY);
  far.send(new Uint8Array(8 * MIB));
  await until("a backend that takes no more", standsStill(() => near.sent, () => near.busy));
  // The client's Close stands behind all of that.
  far.finish();
  backend.far.finish();
  const { cause } = await inTime("the end", over.promise, () => machine.end("shutdown"));
  assert.equal(cause, "backend-end");
  await inTime("the release", released.promise, () => {});
  await Promise.all([far.close(), backend.far.close()]);
  assert.equal(options.buffers.small.used, 0);
});

/** Whether a count has been the same at several looks while `holds()`. */
function standsStill(count: () => number, holds: () => boolean): () => boolean {
  let [seen, looks] = [-1, 0];
  return () => {
    looks = holds() && count() === seen ? looks + 1 : 0;
    seen = count();
    return looks > 20;
  };
}

Deno.test("what is being sent stays so when a probe from before it fails, and a reset is told of once", async () => {
  const writes: PromiseWithResolvers<number>[] = [];
  const connection: BackendConnection = {
    read: () => new Promise(() => {}),
    write() {
      const write = Promise.withResolvers<number>();
      writes.push(write);
      return write.promise;
    },
    closeWrite: () => Promise.resolve(),
    close() {},
  };
  const told: string[] = [];
  const listener: TransportListener = {
    receiveAt: () => 0,
    received() {},
    ended() {},
    writable: () => void told.push("writable"),
    sendFailed: (how) => void told.push(how),
  };
  const transport = new StreamTransport(connection, shared());
  transport.pauseReading();
  transport.begin(listener, null);
  transport.probe();
  transport.send(new Uint8Array(9), 0, 9);
  const [probe, send] = writes as [PromiseWithResolvers<number>, PromiseWithResolvers<number>];
  probe.reject(new Deno.errors.ConnectionReset());
  await settle();
  assert.ok(transport.busy, "its bytes may still be read");
  assert.deepEqual(told, []);
  // The system tells of a reset once.
  send.reject(new Deno.errors.BrokenPipe());
  await settle();
  assert.ok(!transport.busy);
  assert.deepEqual(told, ["reset"]);
});

Deno.test("no read asks for more than the step, however large the buffer", async () => {
  const asked: number[] = [];
  const connection: BackendConnection = {
    read(space) {
      asked.push(space.length);
      return asked.length < 4 ? Promise.resolve(space.length) : new Promise(() => {});
    },
    write: () => new Promise(() => {}),
    closeWrite: () => Promise.resolve(),
    close() {},
  };
  const listener: TransportListener = {
    receiveAt: () => 100,
    received() {},
    ended() {},
    writable() {},
    sendFailed() {},
  };
  new StreamTransport(connection, shared()).begin(listener, null, 5_000);
  await settle();
  assert.deepEqual(asked, [5_000, 5_000, 5_000, 5_000]);
});

/** Lets what has been settled be told of. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

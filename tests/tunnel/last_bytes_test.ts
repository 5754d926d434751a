/** A tunnel with the program's own framing over real connections: what has been received is delivered, whatever ends it. */
import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import type { Cause } from "../../lib/tunnel/cause.ts";
import { createFlow } from "../../lib/tunnel/pump.ts";
import { startTunnel } from "../../lib/tunnel/tunnel.ts";
import { createWatch } from "../../lib/tunnel/watch.ts";
import { ElasticBuffer } from "../../lib/websocket/elastic_buffer.ts";
import { StreamSocket } from "../../lib/websocket/stream.ts";
import { concat } from "../support/connection.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { closePayload, frame, Opcode } from "../support/raw_client.ts";
import { connectPair, until } from "../support/socket_client.ts";
import { NOTHING_TIMED } from "./tunnel_rig.ts";

/**
 * A backend that takes nothing until it is let, and says a word when it is told to: what a real one's kernel takes beforehand
 * would be another matter.
 */
function gatedBackend() {
  const gate = Promise.withResolvers<void>();
  let word = Promise.withResolvers<number | null>();
  let over = false;
  const end = () => {
    over = true;
    word.resolve(null);
  };
  const parts: Uint8Array[] = [];
  const told = { writing: false, ended: false };
  const connection: BackendConnection = {
    read: () => over ? Promise.resolve(null) : word.promise,
    async write(bytes) {
      told.writing = true;
      await gate.promise;
      parts.push(bytes.slice());
      return bytes.length;
    },
    closeWrite() {
      told.ended = true;
      end();
      return Promise.resolve();
    },
    close: end,
  };
  return {
    connection,
    told,
    open: gate.resolve,
    received: () => new TextDecoder().decode(concat(parts)),
    say() {
      word.resolve(100);
      word = Promise.withResolvers();
    },
  };
}

/** A tunnel between the far end of a connection and a gated backend, whose first write is under way. */
async function openStalled() {
  const { near, far } = await connectPair();
  const buffers = plainBuffers(16 * 1024);
  const first = new ElasticBuffer(buffers);
  const early = near.read(first.wide.bytes);
  const options = { frameType: "binary", onFrame: null } as const;
  const client = new StreamSocket(near, options, buffers, NO_BREATHER, first, 0, early);
  const backend = gatedBackend();
  const tunnel = startTunnel({
    client,
    backend: backend.connection,
    encoding: "binary",
    buffers,
    flow: createFlow(),
    breather: NO_BREATHER,
    watch: createWatch(5),
    ...NOTHING_TIMED,
  });
  await far.send(frame(Opcode.BINARY, FIRST));
  await until("the backend's write", () => backend.told.writing);
  const used = () => buffers.small.used + buffers.large.used;
  return { far, client, backend, tunnel, used };
}

const FIRST = "a".repeat(400);

for (const cause of ["shutdown", "backend-idle", "client-silent"] satisfies Cause[]) {
  Deno.test(`what was looked ahead at reaches the backend when the tunnel ends by ${cause}`, async () => {
    const { far, client, backend, tunnel, used } = await openStalled();
    const { heard } = client;
    await far.send(frame(Opcode.BINARY, "b".repeat(200)));
    await until("the look ahead", () => client.heard > heard);
    tunnel.end(cause);
    backend.open();
    await far.send(frame(Opcode.CLOSE, closePayload(1001)));
    await far.rest();
    far.finish();
    assert.equal((await tunnel.ended).cause, cause);
    assert.equal(backend.received(), FIRST + "b".repeat(200));
    assert.ok(backend.told.ended, "then the end of the stream");
    assert.equal(used(), 0);
    await far.close();
  });
}

Deno.test("what a client sent before it was lost reaches the backend, though a write to it fails first", async () => {
  const { far, client, backend, tunnel, used } = await openStalled();
  // More than is looked ahead at: most of it waits in the system's queue.
  await far.send(frame(Opcode.BINARY, "b".repeat(40_000)));
  far.reset();
  let failed = false;
  client.ended.then(() => failed = true);
  await until("a write to the client to fail", () => {
    backend.say();
    return failed;
  });
  backend.open();
  assert.equal((await tunnel.ended).cause, "client-lost");
  assert.equal(backend.received(), FIRST + "b".repeat(40_000));
  assert.ok(backend.told.ended, "then the end of the stream");
  assert.equal(used(), 0);
  await far.close();
});

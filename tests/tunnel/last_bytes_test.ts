/** A tunnel with the program's own framing over real connections: what has been received is delivered, whatever ends it. */
import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import type { Cause } from "../../lib/tunnel/cause.ts";
import { concat } from "../support/connection.ts";
import { closePayload, frame, Opcode } from "../support/raw_client.ts";
import { connectPair, until } from "../support/connection_pair.ts";
import { A_WHILE_MS, runTunnel } from "./tunnel_rig.ts";

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
  const backend = gatedBackend();
  const { tunnel, running, buffers, pass, released } = runTunnel(near, backend.connection);
  await far.send(frame(Opcode.BINARY, FIRST));
  await until("the backend's write", () => backend.told.writing);
  const used = () => buffers.small.used + buffers.large.used;
  return { far, client: running.endpoint, backend, tunnel, used, pass, released };
}

const FIRST = "a".repeat(400);

for (const cause of ["shutdown", "backend-idle", "client-silent"] satisfies Cause[]) {
  Deno.test(`what was looked ahead at reaches the backend when the tunnel ends by ${cause}`, async () => {
    const { far, client, backend, tunnel, used, released } = await openStalled();
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
    await released;
    await until("the buffers to be back", () => used() === 0);
    await far.close();
  });
}

Deno.test("what a client sent before it was lost reaches the backend, though a write to it fails first", async () => {
  const { far, client, backend, tunnel, used, pass, released } = await openStalled();
  // More than is looked ahead at: most of it waits in the system's queue.
  await far.send(frame(Opcode.BINARY, "b".repeat(40_000)));
  far.reset();
  let failed = false;
  const { sendFailed } = client;
  client.sendFailed = () => {
    failed = true;
    sendFailed.call(client);
  };
  await until("a write to the client to fail", () => {
    backend.say();
    return failed;
  });
  backend.open();
  assert.equal((await tunnel.ended).cause, "client-lost");
  assert.equal(backend.received(), FIRST + "b".repeat(40_000));
  assert.ok(backend.told.ended, "then the end of the stream");
  pass(A_WHILE_MS);
  await released;
  await until("the buffers to be back", () => used() === 0);
  await far.close();
});

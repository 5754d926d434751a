/** A tunnel whose client is heard out behind the backend's end, as `connect` has it. */
import assert from "node:assert/strict";
import { until } from "../support/connection_pair.ts";
import { closePayload, frame, Opcode } from "../support/raw_client.ts";
import { A_WHILE_MS, withTunnel } from "./tunnel_rig.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("with `hearsOut` the backend's end is a Close, and what comes before the client's own is passed on", async () => {
  await withTunnel({ hearsOut: true }, async ({ tunnel, socket, client, backend, pass }) => {
    await backend.send("a question");
    backend.finish();
    await until("the client to be told", () => socket.told !== null);
    assert.deepEqual(socket.told, { code: 1000, reason: "" });
    assert.equal(text(await client.receive(10)), "a question");
    // Nobody hurries it.
    pass(A_WHILE_MS);
    await client.send("an ");
    assert.equal(text(await backend.receive(3)), "an ");
    pass(A_WHILE_MS);
    await client.send("answer");
    await client.sendRaw(frame(Opcode.CLOSE, closePayload(4001)));
    const { bytes, by } = await backend.rest();
    assert.deepEqual([text(bytes), by], ["an answer", "fin"]);
    client.finish();
    assert.deepEqual(await tunnel.ended, { cause: "client-close", code: 4001, reason: "" });
  });
});

Deno.test("a Close that answers ours is one whatever code it has, as lighttpd writes 1000 as text", async () => {
  await withTunnel({ hearsOut: true }, async ({ tunnel, socket, client, backend }) => {
    backend.finish();
    await until("the client to be told", () => socket.told !== null);
    await client.send("an answer");
    await client.sendRaw(frame(Opcode.CLOSE, new TextEncoder().encode("1000")));
    const { bytes, by } = await backend.rest();
    assert.deepEqual([text(bytes), by], ["an answer", "fin"]);
    client.finish();
    assert.deepEqual(await tunnel.ended, { cause: "client-close", code: 1005, reason: "" });
  });
});

Deno.test("without it what comes behind the Close is thrown away", async () => {
  await withTunnel({}, async ({ tunnel, socket, client, backend }) => {
    backend.finish();
    await until("the client to be told", () => socket.told !== null);
    await client.send("an answer");
    client.finish();
    assert.deepEqual(await tunnel.ended, { cause: "backend-end", code: 1000, reason: "" });
    assert.equal((await backend.rest()).bytes.length, 0);
  });
});

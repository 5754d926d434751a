/** What a client may have yet to read, by the Pongs that it sends. */
import assert from "node:assert/strict";
import { HEADROOM } from "../../lib/websocket/client_socket.ts";
import { ElasticBuffer } from "../../lib/websocket/elastic_buffer.ts";
import { StreamSocket } from "../../lib/websocket/stream.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { frame, Opcode } from "../support/raw_client.ts";
import { connectPair, until } from "../support/socket_client.ts";

Deno.test("`unreadBytes` is what was sent since the last Ping that was answered, and all of it of a Pong that lies", async () => {
  const { near, far } = await connectPair();
  const buffers = plainBuffers(16 * 1024);
  const buffer = new ElasticBuffer(buffers);
  const early = near.read(buffer.wide.bytes);
  const options = { frameType: "binary", onFrame: null } as const;
  const client = new StreamSocket(near, options, buffers, NO_BREATHER, buffer, 0, early);
  const reading = client.read();
  const message = () => client.write(new Uint8Array(HEADROOM + 100), HEADROOM, HEADROOM + 100);
  const pong = async (payload: Uint8Array) => {
    const { heard } = client;
    await far.send(frame(Opcode.PONG, payload));
    await until("the Pong", () => client.heard > heard);
  };
  /** A message of 100 bytes and its header. */
  const sentBytes = 102;

  assert.equal(client.unreadBytes, 0);
  await message();
  client.ping();
  const ping = (await far.receive(sentBytes + 10)).slice(sentBytes + 2);
  await message();
  assert.equal(client.unreadBytes, 2 * sentBytes);
  await pong(new Uint8Array(0));
  assert.equal(client.unreadBytes, 2 * sentBytes, "it says nothing of a Ping of ours");
  await pong(ping);
  assert.equal(client.unreadBytes, sentBytes);
  await pong(new Uint8Array(8).fill(255));
  assert.equal(client.unreadBytes, 2 * sentBytes, "a number that was never sent");

  far.reset();
  assert.equal(await reading, null);
  await client.close(1006, "");
  client.release();
  await far.close();
});

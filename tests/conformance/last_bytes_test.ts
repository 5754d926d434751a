/** That a slow client gets its last bytes, over sockets. */
import assert from "node:assert/strict";
import type { OpenTunnel } from "../../lib/control/registry.ts";
import type { Taken } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, Opcode, openTunnel } from "../support/raw_client.ts";
import { testEnginesThat } from "../e2e/drivers.ts";
import { withEndpoint } from "./ask.ts";

const MEBIBYTE = 1024 * 1024;
const SECOND = 1_000;
const BINARY = { wstunnel: 'frame-type = "binary"' };

/** Has a backend send so many bytes, for as long as they are taken. */
function startFlood({ write }: Taken, total: number) {
  const chunk = new Uint8Array(64 * 1024);
  let sent = 0;
  let isOver = false;
  const send = async () => {
    for (; sent < total; sent += chunk.length) await write(chunk);
  };
  return {
    over: send().catch(() => {}).finally(() => isOver = true),
    async goesOn() {
      const before = sent;
      await eventually("the flood to go on", () => isOver || sent > before);
    },
  };
}

testEnginesThat(
  "close while its client sends",
  "a client that is behind, and goes on sending, gets all of a backend that has ended",
  async (engine) => {
    await withEndpoint(engine, async (endpoint, backend) => {
      using client = await openTunnel(endpoint.address);
      const taken = await backend.take();
      await taken.write(new Uint8Array(MEBIBYTE).fill(7));
      await taken.closeWrite();
      const discarded = taken.reader.rest("what the client says meanwhile");
      // It reads nothing until the closing handshake is over, and some more.
      const isClosed = () => endpoint.log.some((line) => line.includes("tunnel closed"));
      const sendMore = async () => {
        await client.send(Opcode.BINARY, "and another thing");
        await endpoint.sockets.untilRead(client.connection);
        endpoint.pass(SECOND);
      };
      await eventually("the tunnel's end", async () => {
        await sendMore();
        return isClosed();
      });
      for (let i = 0; i < 5; i++) await sendMore();
      const payload = await client.payload(MEBIBYTE, Opcode.BINARY);
      assert.ok(payload.every((byte) => byte === 7));
      assert.equal((await client.closed()).code, 1000);
      assert.equal(await client.end(), "fin");
      await discarded;
    }, BINARY);
  },
);

testEnginesThat(
  "hear a client that reads nothing",
  "a backend gets all of a client that has closed, while that client is slow to read",
  async (engine) => {
    await withEndpoint(engine, async (endpoint, backend) => {
      using client = await openTunnel(endpoint.address);
      const taken = await backend.take();
      // More than the client, who reads nothing for a while, has room for.
      const flood = startFlood(taken, 16 * MEBIBYTE);
      const [{ flow }] = [...endpoint.tunnels] as [OpenTunnel];
      const isFull = () => flow.downWaits && endpoint.sockets.isFull(client.connection);
      await eventually("the client to be full", isFull);
      await client.send(Opcode.BINARY, new Uint8Array(MEBIBYTE).fill(9));
      await client.send(Opcode.CLOSE, closePayload(1000));
      await eventually("the Close", () => endpoint.log.some((line) => line.includes("type=close")));
      // Longer than a silent backend is waited for: it is not silent, its bytes are held up.
      for (let i = 0; i < 4; i++) {
        await flood.goesOn();
        await endpoint.sockets.untilRead(taken.connection);
        endpoint.pass(SECOND);
      }
      const { bytes, end } = await taken.reader.rest("all of it");
      assert.equal(bytes.length, MEBIBYTE);
      assert.equal(end, "fin");
      taken.close();
      await flood.over;
    }, BINARY);
  },
);

testEnginesThat(
  "close while its client sends",
  "a client that never answers our Close, and then says something, leaves no buffer behind",
  async (engine) => {
    // That every buffer is back is checked at the end.
    await withEndpoint(engine, async (endpoint, backend) => {
      using client = await openTunnel(endpoint.address);
      (await backend.take()).close();
      assert.equal((await client.closed()).code, 1000);
      const isClosed = () => endpoint.log.some((line) => line.includes("tunnel closed"));
      endpoint.pass(5 * SECOND);
      await eventually("the tunnel's end", isClosed);
      const count = () => endpoint.log.filter((line) => line.includes("frame received")).length;
      await client.send(Opcode.BINARY, "too late");
      await eventually("it to be read", () => count() === 1);
    }, BINARY);
  },
);

/** That a slow client gets its last bytes, over sockets. */
import assert from "node:assert/strict";
import type { OpenTunnel } from "../../lib/control/registry.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, Opcode, openTunnel } from "../support/raw_client.ts";
import { withEndpoint } from "./ask.ts";

const MEBIBYTE = 1024 * 1024;
const BINARY = { wstunnel: 'frame-type = "binary"' };

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

Deno.test("a client that is behind, and goes on sending, gets all of a backend that has ended", async () => {
  await withEndpoint(async (endpoint, backend) => {
    using client = await openTunnel(endpoint.address);
    const taken = await backend.take();
    await taken.write(new Uint8Array(MEBIBYTE).fill(7));
    await taken.closeWrite();
    const discarded = taken.reader.rest("what the client says meanwhile");
    // It reads nothing until the closing handshake is over, and some more.
    const isClosed = () => endpoint.log.some((line) => line.includes("tunnel closed"));
    await eventually("the tunnel's end", async () => {
      await client.send(Opcode.BINARY, "and another thing");
      await pause(50);
      return isClosed();
    });
    for (let i = 0; i < 5; i++) {
      await client.send(Opcode.BINARY, "and another thing");
      await pause(50);
    }
    const payload = await client.payload(MEBIBYTE, Opcode.BINARY);
    assert.ok(payload.every((byte) => byte === 7));
    assert.equal((await client.closed()).code, 1000);
    assert.equal(await client.end(), "fin");
    await discarded;
  }, BINARY);
});

Deno.test("a backend gets all of a client that has closed, while that client is slow to read", async () => {
  await withEndpoint(async (endpoint, backend) => {
    using client = await openTunnel(endpoint.address);
    const taken = await backend.take();
    // More than the client, who reads nothing for a while, has room for.
    const flood = taken.write(new Uint8Array(16 * MEBIBYTE)).catch(() => {});
    const [{ flow }] = [...endpoint.tunnels] as [OpenTunnel];
    let seen = -1;
    await eventually("the client to be full", async () => {
      const stands = flow.downWaits && flow.downBytes === seen;
      seen = flow.downBytes;
      await pause(50);
      return stands;
    });
    await client.send(Opcode.BINARY, new Uint8Array(MEBIBYTE).fill(9));
    await client.send(Opcode.CLOSE, closePayload(1000));
    await eventually("the Close", () => endpoint.log.some((line) => line.includes("type=close")));
    // Longer than a silent backend is waited for: it is not silent, its bytes are held up.
    await pause(3_500);
    const { bytes, end } = await taken.reader.rest("all of it");
    assert.equal(bytes.length, MEBIBYTE);
    assert.equal(end, "fin");
    taken.close();
    await flood;
  }, BINARY);
});

Deno.test("a client that never answers our Close, and then says something, leaves no buffer behind", async () => {
  // That every buffer is back is checked at the end.
  await withEndpoint(async (endpoint, backend) => {
    using client = await openTunnel(endpoint.address);
    (await backend.take()).close();
    assert.equal((await client.closed()).code, 1000);
    const isClosed = () => endpoint.log.some((line) => line.includes("tunnel closed"));
    await eventually("the tunnel's end", isClosed);
    const count = () => endpoint.log.filter((line) => line.includes("frame received")).length;
    await client.send(Opcode.BINARY, "too late");
    await eventually("it to be read", () => count() === 1);
  }, BINARY);
});

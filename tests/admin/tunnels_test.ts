/** What the admin listener tells of tunnels, and how it ends them. */
import assert from "node:assert/strict";
import { ENGINES } from "../e2e/engine_limits.ts";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { leadingTo, startAdministered } from "./asking.ts";

const MEBIBYTE = 1024 ** 2;

for (const engine of ENGINES) {
  Deno.test(`${engine}: a tunnel's row has its names, bytes and rates`, async () => {
    await using backend = serveBackend(echo);
    const text = `engine = "${engine}"\n${leadingTo([backend.address])}`;
    await using administered = await startAdministered({ text });
    const { ask, program } = administered;
    const secret = makeSecret("a query's parameter");
    const fields = { Origin: "https://a.example", "Sec-WebSocket-Protocol": "binary" };
    using client = await openTunnel(program.address, `/way?key=${secret}`, fields);
    using _other = await openTunnel(program.address);
    const local = client.connection.localAddr as Deno.NetAddr;

    const row = async () => (await ask("/api/tunnels")).json.tunnels[0];
    const { seconds, ...first } = await row();
    assert.deepEqual(first, {
      id: 1,
      client: `127.0.0.1:${local.port}`,
      route: "/",
      path: "/way",
      host: "example.com",
      origin: "https://a.example",
      subprotocol: "binary",
      backend: backend.address,
      up: 0,
      down: 0,
      upRate: 0,
      downRate: 0,
      waits: null,
    });
    assert(seconds >= 0 && seconds < 20, String(seconds));
    const bytes = new Uint8Array(MEBIBYTE);
    await client.send(Opcode.BINARY, bytes);
    await client.payload(MEBIBYTE);
    const moved = await eventually("rates", async () => {
      const next = await row();
      return next.upRate > 0 && next;
    });
    assert.equal(moved.up, MEBIBYTE);
    assert.equal(moved.down, MEBIBYTE);
    // It was moved in one second or two, of which the machine may have made a short one.
    assert(moved.upRate <= 10 * MEBIBYTE && moved.downRate <= 10 * MEBIBYTE);
    await eventually("rest", async () => (await row()).upRate === 0);
    const { tunnels } = (await ask("/api/tunnels")).json;
    assert.deepEqual(tunnels.map(({ id }: { id: number }) => id), [1, 2]);
  });

  Deno.test(`${engine}: DELETE ends a tunnel with 1001 and a reason, and no other`, async () => {
    await using backend = serveBackend(echo);
    const text = `engine = "${engine}"\n${leadingTo([backend.address])}`;
    await using administered = await startAdministered({ text });
    const { change, program } = administered;
    using first = await openTunnel(program.address);
    using second = await openTunnel(program.address);
    assert.equal((await change("/api/tunnels/1", "DELETE")).status, 204);
    const closed = await first.closed();
    assert.deepEqual(closed, { code: 1001, reason: "ended by the operator" });
    first[Symbol.dispose]();
    const entry = await program.entry("tunnel closed");
    assert.deepEqual([entry["id"], entry["cause"], entry["code"]], [1, "operator", 1001]);
    const asked = await program.entry("an operator ends a tunnel");
    assert.deepEqual([asked["id"], /^admin 127\./.test(String(asked["by"]))], [1, true]);
    assert.equal((await change("/api/tunnels/1", "DELETE")).status, 404);
    await second.send(Opcode.BINARY, "still there");
    assert.equal((await second.payload(11)).length, 11);
  });
}

Deno.test("a row says who has yet to take what the other one sent", async () => {
  await using backend = openBackend();
  await using administered = await startAdministered({ text: leadingTo([backend.address]) });
  const { ask, program } = administered;
  using client = await openTunnel(program.address);
  const taken = await backend.take();
  const waits = async () => (await ask("/api/tunnels")).json.tunnels[0].waits;
  assert.equal(await waits(), null);
  // Nobody reads: one way fills up, then the other as well.
  const bytes = new Uint8Array(MEBIBYTE);
  let going = true;
  const fill = async (write: () => Promise<void>) => {
    while (going) await write().catch(() => going = false);
  };
  const down = fill(() => taken.write(bytes));
  await eventually("the client to be waited for", async () => await waits() === "client");
  const up = fill(() => client.send(Opcode.BINARY, bytes));
  await eventually("both to be waited for", async () => await waits() === "both");
  going = false;
  client[Symbol.dispose]();
  taken.close();
  await Promise.all([down, up]);
});

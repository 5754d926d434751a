/** The open tunnels in the report that SIGUSR2 asks for. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { PLAIN, testEngines } from "./engine_limits.ts";
import { report } from "./report.ts";
import { BINARY_FRAMES, startFor, startWithFile, text } from "./whole.ts";

testEngines(
  "the report has a line for each open tunnel: who, where, how long, how much",
  async (engine) => {
    await using backend = serveBackend(echo);
    const [host, port] = backend.address.split(":");
    await using program = await startWithFile(`engine = "${engine}"
[wstunnel]
${BINARY_FRAMES}
[[wstunnel.server."/a"]]
host = "${host}"
port = ${port}
[[wstunnel.server."/b"]]
host = "${host}"
port = ${port}
`);
    assert.deepEqual((await report(program)).tunnels, []);
    using a = await openTunnel(program.address, "/a/desk?token=secret", {
      Origin: "http://a.example",
    });
    {
      using gone = await openTunnel(program.address, "/a");
      await gone.close(1000);
    }
    await program.entry("tunnel closed");
    using b = await openTunnel(program.address, "/b");
    await b.send(Opcode.BINARY, "12345");
    assert.equal(text(await b.payload(5)), "12345");

    const { openTunnels, tunnels } = await report(program);
    assert.equal(openTunnels, 2);
    const shown = tunnels.map(({ id, client, route, path, host, origin, backend, up, down }) => (
      { id, client, route, path, host, origin, backend, up, down }
    ));
    const at = (client: RawClient) =>
      `127.0.0.1:${(client.connection.localAddr as Deno.NetAddr).port}`;
    const common = { host: "example.com", backend: backend.address };
    assert.deepEqual(shown, [
      {
        ...common,
        id: 1,
        client: at(a),
        route: "/a",
        path: "/a/desk",
        origin: "http://a.example",
        up: 0,
        down: 0,
      },
      {
        ...common,
        id: 3,
        client: at(b),
        route: "/b",
        path: "/b",
        origin: undefined,
        up: 5,
        down: 5,
      },
    ]);
    const [aged] = tunnels;
    assert.ok(Number(aged!.seconds) > 0 && Number(aged!.seconds) < 60, `${aged!.seconds}`);
  },
);

Deno.test("a report that is larger than what the log lets wait is whole", async () => {
  const TUNNELS = 2_000;
  const OPENING = 50;
  await using backend = serveBackend(echo);
  await using program = await startFor(PLAIN, backend.address, { wstunnel: BINARY_FRAMES });
  const path = "/" + "x".repeat(300);
  const fields = { Origin: "http://" + "o".repeat(300), Host: "h".repeat(250) };
  const clients: RawClient[] = [];
  try {
    while (clients.length < TUNNELS) {
      const opening = Array.from(
        { length: OPENING },
        () => openTunnel(program.address, path, fields),
      );
      clients.push(...await Promise.all(opening));
    }
    const { openTunnels, tunnels } = await report(program);
    assert.deepEqual([openTunnels, tunnels.length], [TUNNELS, TUNNELS]);
    assert.deepEqual(tunnels.map(({ id }) => id), clients.map((_, index) => index + 1));
    const bytes = tunnels.reduce((sum, tunnel) => sum + JSON.stringify(tunnel).length, 0);
    assert.ok(bytes > 1.25 * 1024 * 1024, `${bytes}`);
    const dropped = program.log.all.filter((line) => line.includes("log lines dropped"));
    assert.deepEqual(dropped, []);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

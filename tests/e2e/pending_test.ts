/** Connections whose request has not come, or that are still asked who they are: which of them go for newcomers. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { createReader } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { handshake, Opcode, openRaw, openTunnel, type RawClient } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { type Engine, testEnginesThat } from "./engine_limits.ts";
import { hostLines, startFor, startWithFile, text } from "./whole.ts";
import { dispose, statusOf } from "./limits.ts";

const FORWARDED = `trusted-proxies = ["127.0.0.1"]
max-connections-per-client = 2`;

const PENDING = { top: "max-pending = 4" };

testEnginesThat(
  "see its connections",
  "beyond max-pending the oldest goes, and a newcomer is served",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, PENDING);
    const silent: RawClient[] = [];
    for (let i = 0; i < 8; i++) {
      const client = await openRaw(program.address);
      await client.write("GET / HTTP/1.1\r\n");
      silent.push(client);
      // In this order.
      await eventually(
        "it to be seen",
        () => program.entries("connection dropped").length === Math.max(0, i - 3),
      );
    }
    for (const client of silent.slice(0, 4)) {
      const { end } = await createReader(client.connection).rest("its end");
      assert.ok(end === "fin" || end === "reset");
    }
    // It takes the place of one, and gives that back.
    dispose([await openTunnel(program.address)]);
    for (const client of silent.slice(5)) {
      await client.write("Host: a\r\n\r\n");
      assert.equal((await client.head()).status, 426);
    }
    dispose(silent);
    const [dropped] = program.entries("connection dropped");
    assert.deepEqual([dropped!["limit"], dropped!["pending"]], ["max-pending", true]);
  },
);

testEnginesThat(
  "see its connections",
  "those that say nothing have to go for newcomers, tunnels never",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, {
      top: "max-connections = 4\nmax-pending = 0",
    });
    const tunnels = [await openTunnel(program.address)];
    const silent = [];
    for (let i = 0; i < 20; i++) silent.push(await openRaw(program.address));
    for (let i = 0; i < 3; i++) tunnels.push(await openTunnel(program.address));
    assert.equal(await statusOf(program), 503);
    for (const tunnel of tunnels) {
      await tunnel.send(Opcode.TEXT, "still here");
      assert.equal(text(await tunnel.payload(10)), "still here");
    }
    dispose([...tunnels, ...silent]);
  },
);

testEnginesThat(
  "see its connections",
  "a flood beyond connection-rate is closed without a word, summed up in the log, and holds no descriptor",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, { top: "connection-rate = 1" });
    const beganMs = performance.now();
    const flood = await Promise.all(Array.from({ length: 300 }, () => openRaw(program.address)));
    let ended = 0;
    const ends = flood.map(({ connection }) =>
      createReader(connection).rest("its end").catch(() => {}).then(() => ended++)
    );
    // Five are taken at once, and one for each second that the machine needs.
    const mostTaken = () => 5 + Math.ceil((performance.now() - beganMs) / 1000);
    await eventually("the end of the others", () => ended >= 300 - mostTaken());
    const refused = (message: string) => program.entries(message).length;
    const counted = (message: string) =>
      program.entries(message).reduce((sum, { count }) => sum + Number(count), 0);
    const told = () =>
      refused("request refused") + counted("more requests refused") +
      refused("connection dropped") + counted("more connections dropped");
    await eventually("each of them to be counted", () => told() === ended);
    assert.ok(ended <= 300 - 5, `${ended} were not taken`);
    assert.ok(refused("request refused") > 0 && refused("connection dropped") > 0);
    assert.ok(refused("connection dropped") <= 110, "not each is a line");
    dispose(flood);
    await Promise.all(ends);
    program.signal("SIGTERM");
    await program.exit();
  },
);

testEnginesThat(
  "see its connections",
  "whom the PROXY header names is counted, and refused behind it",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startProxied(engine, FORWARDED, backend.address);
    const header = (address: string) => `PROXY TCP4 ${address} 192.0.2.99 4000 80\r\n`;
    const askFrom = async (address: string) => {
      const client = await openRaw(program.address);
      await client.write(header(address) + handshake());
      return { client, status: (await client.head()).status };
    };
    const asked = [await askFrom("192.0.2.1"), await askFrom("192.0.2.1")];
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.1"]) {
      asked.push(await askFrom(address));
    }
    assert.deepEqual(asked.map(({ status }) => status), [101, 101, 429, 101, 429]);
    dispose(asked.map(({ client }) => client));
  },
);

testEnginesThat(
  "see its connections",
  "who holds heads back from one /64 of IPv6 after the other keeps nobody out who doesn't",
  async (engine) => {
    await using backend = serveBackend(echo);
    const top = `trusted-proxies = ["127.0.0.1"]\nmax-pending = 8`;
    await using program = await startProxied(engine, top, backend.address);
    const header = (network: number) =>
      `PROXY TCP6 2001:db8:0:${network}::1 2001:db8:: 4000 80\r\n`;
    const silent = [];
    for (let i = 0; i < 40; i++) {
      const client = await openRaw(program.address);
      await client.write(header(i) + "GET / HTTP/1.1\r\n");
      silent.push(client);
      if (i % 4 > 0) continue;
      using other = await openRaw(program.address);
      await other.write(header(99) + handshake());
      assert.equal((await other.head()).status, 101);
    }
    dispose(silent);
    await eventually(
      "the end of the last",
      () => program.entries("connection dropped").length >= 30,
    );
    const clients = program.entries("connection dropped").map(({ client }) => String(client));
    assert.ok(clients.every((client) => !client.startsWith("[2001:db8:0:99:")), clients.join());
  },
);

testEnginesThat(
  "see its connections",
  "a handshake of TLS that isn't over is a head that hasn't come",
  async (engine) => {
    await using tls = await tlsSetting();
    await using backend = serveBackend(echo);
    const { cert, key } = tls.server;
    await using program = await startFor(engine, backend.address, {
      top: `max-pending = 4
max-connections = 5
listen = { address = "127.0.0.1:0", tls = { cert = "${cert}", key = "${key}" } }`,
      listen: [],
      listeners: 1,
    });
    const silent: RawClient[] = [];
    for (let i = 0; i < 12; i++) {
      const client = await openRaw(program.address);
      // Nothing, the beginning of a ClientHello, or plain HTTP that is refused.
      if (i % 3 === 1) await client.write(Uint8Array.of(0x16, 3, 1, 1, 0));
      if (i % 3 === 2) await client.write("GET / HTTP/1.1\r\n\r\n");
      silent.push(client);
    }
    await eventually(
      "those that had to go",
      () => program.entries("connection dropped").length >= 4,
    );
    const open = [];
    for (let i = 0; i < 5; i++) open.push(await openTunnel(overTls(program.address)));
    dispose([...open, ...silent]);
    // They are counted out.
    const another = await eventually(
      "another",
      () => openTunnel(overTls(program.address)).catch(() => null),
    );
    another![Symbol.dispose]();
  },
);

/** Starts behind a proxy that names its clients by the PROXY protocol. */
async function startProxied(engine: Engine, top: string, backend: string): Promise<Program> {
  return await startWithFile(
    `
engine = "${engine}"
listen = { address = "127.0.0.1:0", proxy-protocol = "required" }
${top}
# Each line is written.
wstunnel.debug = 4
[wstunnel.server."/"]
${hostLines(backend)}
`,
    { listen: [], listeners: 1 },
  );
}

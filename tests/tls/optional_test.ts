/** One port for `ws://` and `wss://`: `tls-optional` beside `tls`. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, startProgram } from "../support/program.ts";
import { frame, Opcode, openTunnel } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { NO_OPENSSL } from "./s_client.ts";

const ignore = NO_OPENSSL !== null;

/** The program in front of an echo, at one port with TLS and without. */
async function withProgram(
  body: (program: Program) => Promise<void>,
  { top = "", listener = "" } = {},
): Promise<void> {
  await using setting = await tlsSetting();
  await using backend = serveBackend(echo);
  const { port } = new URL(`tcp://${backend.address}`);
  const { cert, key } = setting.server;
  const config = `${setting.folder}/config.toml`;
  await Deno.writeTextFile(
    config,
    `${top}
[[listen]]
address = "127.0.0.1:0"
tls = { cert = "${cert}", key = "${key}" }
tls-optional = true
${listener}
[wstunnel]
frame-type = "binary"
[wstunnel.server]
"/" = { port = ${port} }
`,
  );
  await using program = await startProgram(["--config", config], { listen: [], listeners: 1 });
  await body(program);
  assert.deepEqual(program.entries("a defect in wstunnel, please report it"), []);
}

async function assertEchoes(address: string): Promise<void> {
  using client = await openTunnel(address);
  const payload = crypto.getRandomValues(new Uint8Array(60_000));
  const sent = Promise.all(Array.from({ length: 60 }, () => client.send(Opcode.BINARY, payload)));
  let count = 0;
  while (count < 60 * payload.length) {
    for (const byte of await client.message()) {
      if (byte !== payload[count++ % payload.length]) assert.fail(`byte ${count} is another`);
    }
  }
  await sent;
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
}

/** The last of the program's own addresses, without what the tests that run over TLS make of it. */
function plain({ address }: Program): string {
  return address.replace(/^tls:/, "");
}

Deno.test({
  name: "a client with TLS and one without have their tunnels at one port, and the log says which",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      const address = plain(program);
      await Promise.all([assertEchoes(address), assertEchoes(overTls(address))]);
      await program.entry("tunnel closed", 2);
      const told = program.entries("tunnel opened").map(({ tls }) => tls).sort();
      assert.deepEqual(told, [false, true]);
      // A half-closed client without TLS is answered like any other.
      using asking = await connect(address) as Deno.TcpConn;
      await writeAll(asking, new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
      assert.match(
        await createReader(asking).through("\r\n\r\n", "an answer"),
        /^HTTP\/1\.1 200 /,
      );
      using wrong = await connect(address);
      await writeAll(wrong, new TextEncoder().encode("\r\nGET nothing\r\n\r\n"));
      assert.match(await createReader(wrong).through("\r\n\r\n", "an answer"), /^HTTP\/1\.1 400 /);
      assert.equal((await program.entry("request refused"))["tls"], false);
    });
  },
});

Deno.test({
  name: "files are had there either way, and the log says which",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      const address = plain(program);
      for (const [at, tls] of [[address, false], [overTls(address), true]] as const) {
        using asking = await connect(at);
        await writeAll(asking, new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        await createReader(asking).through("\r\n\r\n", "an answer");
        await eventually(
          `a line with tls=${tls}`,
          () => program.entries("file asked for").some((entry) => entry["tls"] === tls),
        );
      }
    }, { top: 'web = "/usr/share"' });
  },
});

Deno.test({
  name: "without TLS a head may come a byte at a time, or with frames right behind it",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      const head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: binary\r\n\r\n";
      const bytes = new TextEncoder().encode(head);
      const hello = frame(Opcode.BINARY, new TextEncoder().encode("hello"));
      for (const pieces of [[...bytes].map((byte) => Uint8Array.of(byte)), [bytes]]) {
        using connection = await connect(plain(program));
        const last = new Uint8Array([...pieces.at(-1)!, ...hello]);
        for (const piece of [...pieces.slice(0, -1), last]) await writeAll(connection, piece);
        const reader = createReader(connection);
        assert.match(await reader.through("\r\n\r\n", "the upgrade"), /^HTTP\/1\.1 101 /);
        assert.match(await reader.through("hello", "the echo"), /hello$/);
      }
    });
  },
});

Deno.test({
  name: "who says nothing has the handshake's time, and a PROXY header stands in front of both",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      using silent = await connect(plain(program));
      await writeAll(
        silent,
        new TextEncoder().encode("PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"),
      );
      using asking = await connect(plain(program));
      await writeAll(
        asking,
        new TextEncoder().encode(
          "PROXY TCP4 192.0.2.8 192.0.2.1 4712 443\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n",
        ),
      );
      await createReader(asking).through("\r\n\r\n", "an answer");
      const { client, tls } = await program.entry("request refused");
      assert.deepEqual([client, tls], ["192.0.2.8:4712", false]);
      const refused = await program.entry("no TLS connection");
      assert.equal(refused["client"], "192.0.2.7:4711");
      assert.equal(refused["reason"], "neither TLS nor a request within 2 seconds");
      assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null);
    }, {
      top: 'handshake-timeout = 2\ntrusted-proxies = ["127.0.0.1"]',
      listener: 'proxy-protocol = "required"',
    });
  },
});

Deno.test({
  name: "a client without TLS that reads nothing makes its backend wait",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      const client = await openTunnel(plain(program));
      const payload = new Uint8Array(64 * 1024);
      let sent = 0;
      const sending = (async () => {
        for (; sent < 4_000; sent++) await client.send(Opcode.BINARY, payload);
      })().catch(() => {});
      let last = -1;
      await eventually("it stands still", async () => {
        const now = sent;
        const stands = now === last;
        last = now;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return stands && now > 0;
      });
      assert.ok(sent < 1_000, `${sent} frames of 64 KiB were taken`);
      client[Symbol.dispose]();
      await sending;
    });
  },
});

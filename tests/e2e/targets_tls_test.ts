/** TLS to what says where tokens lead, and to where they lead. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { freePort } from "../support/backends.ts";
import { type Authority, makeAuthority, NO_OPENSSL } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { makeSecret } from "../support/secrets.ts";
import { answerOf, DOWN, nameAt, named } from "./targets.ts";
import { startWithFile } from "./whole.ts";

const REDIS = installed("redis-server");
const CLI = installed("redis-cli");
const NO_REDIS = REDIS === null || CLI === null ? "no redis-server" : null;

function testWith(
  why: string | null,
  name: string,
  body: (authority: Authority, folder: string) => Promise<void>,
): void {
  const suffix = why === null ? "" : ` (skipped: ${why})`;
  Deno.test({
    name: `${name}${suffix}`,
    ignore: why !== null,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "targets-tls-" });
      try {
        await body(await makeAuthority(folder), folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

function start(targets: string, beside = "") {
  return startWithFile(
    `[wstunnel]\nframe-type = "binary"\n[wstunnel.server."/"]\n${beside}\ntargets = { ${targets} }\n`,
  );
}

async function assertDistrusted(targets: string, reason: RegExp): Promise<void> {
  await using program = await start(targets);
  assert.deepEqual(await answerOf(program, "/?token=desk"), DOWN);
  const told = await program.entry("the targets of the route cannot be asked for");
  assert.match(String(told["reason"]), reason);
}

testWith(NO_OPENSSL, "an API of https is believed by the authorities of ca", async (authority) => {
  const { cert, key } = await authority.issue("api", { names: "DNS:localhost" });
  await using backend = named("by https");
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
    onListen() {},
  }, () => new Response(backend.address));
  const api = (host: string) => `api = "https://${host}:${server.addr.port}/%s"`;
  {
    await using program = await start(`${api("localhost")}, ca = "${authority.cert}"`);
    assert.equal(await nameAt(program, "/?token=desk"), "by https");
  }
  await assertDistrusted(api("localhost"), /certificate/i);
  // Of another name.
  await assertDistrusted(`${api("127.0.0.1")}, ca = "${authority.cert}"`, /certificate/i);
  await server.shutdown();
});

testWith(
  NO_OPENSSL ?? NO_REDIS,
  "a Redis of rediss is believed by the authorities of ca",
  async (authority) => {
    const { cert, key } = await authority.issue("redis");
    const [port, plain] = [freePort(), freePort()];
    const flags = [
      "--tls-port",
      `${port}`,
      "--port",
      `${plain}`,
      "--save",
      "",
      "--bind",
      "127.0.0.1",
    ];
    const files = [
      "--tls-cert-file",
      cert,
      "--tls-key-file",
      key,
      "--tls-ca-cert-file",
      authority.cert,
    ];
    await using _redis = await startServer(
      REDIS!,
      [...flags, ...files, "--tls-auth-clients", "no"],
      `127.0.0.1:${port}`,
    );
    await using backend = named("by rediss");
    const args = ["-p", `${plain}`, "set", "desk", backend.address];
    assert((await new Deno.Command(CLI!, { args }).output()).success);
    const redis = `redis = "rediss://localhost:${port}"`;
    {
      await using program = await start(`${redis}, ca = "${authority.cert}"`);
      assert.equal(await nameAt(program, "/?token=desk"), "by rediss");
    }
    await assertDistrusted(redis, /certificate/i);
  },
);

testWith(
  NO_OPENSSL,
  "a Redis of rediss learns no password by a certificate that only names its authority",
  async (authority, folder) => {
    const impostor = await makeAuthority(folder, "impostor", "/CN=ca");
    const { cert, key } = await impostor.issue("redis", { extensions: null });
    const learned: string[] = [];
    let ended = 0;
    // By one that shows whatever it is given.
    const server = createServer(
      { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) },
      (socket) => socket.on("data", (bytes) => learned.push(bytes.toString())),
    );
    server.on("tlsClientError", () => {});
    server.on("connection", (socket) => socket.on("close", () => ended++));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const password = makeSecret("Redis's password");
    const redis = `redis = "rediss://:${password}@localhost:${port}"`;
    await assertDistrusted(`${redis}, ca = "${authority.cert}"`, /version 3/);
    await eventually("the connection's end", () => ended > 0);
    assert.deepEqual(learned, []);
    server.close();
    await once(server, "close");
  },
);

testWith(
  NO_OPENSSL,
  "tls beside targets holds for each, by the name that it is called",
  async (authority, folder) => {
    const { cert, key } = await authority.issue("desk", { names: "DNS:localhost" });
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: await Deno.readTextFile(cert),
      key: await Deno.readTextFile(key),
    });
    const { port } = listener.addr;
    const serving = (async () => {
      for await (const connection of listener) {
        // One whose certificate its client didn't like fails at its handshake.
        await connection.write(new TextEncoder().encode("by TLS")).catch(() => {});
        connection.close();
      }
    })();
    await Deno.writeTextFile(
      `${folder}/tokens`,
      `desk: localhost:${port}\nother: 127.0.0.1:${port}\n`,
    );
    const tls = `tls = { ca = "${authority.cert}" }`;
    {
      await using program = await start(`file = "${folder}/tokens"`, tls);
      assert.equal(await nameAt(program, "/?token=desk"), "by TLS");
      assert.deepEqual(await answerOf(program, "/?token=other"), DOWN);
      assert.match(String((await program.entry("target is down"))["reason"]), /certificate/i);
    }
    {
      const list = `address = ["localhost:${port}", "127.0.0.1:${port}", "[::1]:${port}"]`;
      await using program = await start(list, tls);
      assert.equal(await nameAt(program, `/?address=localhost:${port}`), "by TLS");
      assert.deepEqual(await answerOf(program, `/?address=127.0.0.1:${port}`), DOWN);
    }
    listener.close();
    await serving;
  },
);

/** TLS to what says where tokens lead, and to where they lead. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { type Authority, makeAuthority, NO_OPENSSL } from "../support/certificates.ts";
import { installed, startServer } from "../support/installed.ts";
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

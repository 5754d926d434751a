/** `wstunnel connect` by a proxy: tinyproxy, one of our own by TLS, and such as do it wrong. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { freePort, listenSilently, serveBackend } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { inFolder } from "../support/folder.ts";
import { startProgram } from "../support/program.ts";
import { randomFrom } from "../support/random.ts";
import { keepSecret, makeSecret } from "../support/secrets.ts";
import { tlsSetting } from "../support/tls.ts";
import { connectBy, startConnect } from "./connecting.ts";
import { NO_TINYPROXY, openProxy, withTinyproxy } from "./proxies.ts";

const BINARY = ["--frame-type", "binary"];

const FOR_CLIENTS = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";

const IN = { code: 0, stdout: "in", stderr: "" };

function portOf(address: string): string {
  return address.split(":").at(-1)!;
}

Deno.test({
  name: "tinyproxy is gone by for ws:// and wss://, with a password from a file or a variable",
  ignore: NO_TINYPROXY !== null || NO_OPENSSL !== null,
  async fn() {
    await using setting = await tlsSetting();
    await using backend = serveBackend(({ write }) => write("in"));
    const serving = [...BINARY, "--server", backend.address];
    await using plain = await startProgram(serving);
    await using secure = await startProgram([
      ...serving,
      ...setting.flags,
      ...["--tls-client-ca", setting.authority.cert],
    ]);
    const password = makeSecret("the proxy's password");
    keepSecret("the credentials for the proxy", `ann:${password}`);
    const file = `${setting.folder}/password`;
    await Deno.writeTextFile(file, `${password}\n`);
    const alice = await setting.authority.issue("alice", { extensions: FOR_CLIENTS });
    const shown = ["--cert", alice.cert, "--key", alice.key];
    const ws = `ws://${plain.address}/`;
    const wss = `wss://localhost:${portOf(secure.address)}/`;
    const trusting = ["--ca", setting.authority.cert, ...shown];
    await withTinyproxy(["ann", password], async (address) => {
      const proxy = ["--proxy", `http://${address}`];
      const ann = [...proxy, "--proxy-user", "ann"];
      const byUrl = `http://ann:${password}@${address}/`;
      const well: [args: string[], env?: Record<string, string>][] = [
        [[ws, ...ann, "--proxy-password-file", file]],
        [[ws], { http_proxy: byUrl }],
        [[wss, ...trusting, ...ann], { WSTUNNEL_PROXY_PASSWORD: password }],
        [[wss, "--insecure", ...shown], { https_proxy: byUrl }],
      ];
      for (const [args, env] of well) assert.deepEqual(await connectBy(args, env), IN);
      const named = `the proxy ${address} refuses: 407 Proxy Authentication Required`;
      const nobody = await connectBy([ws, ...proxy]);
      assert.equal(nobody.code, 3);
      assert.ok(nobody.stderr.includes(`${named}; --proxy-user and --proxy-password-file say`));
      const bob = await connectBy([ws, ...proxy, "--proxy-user", "bob"], {
        WSTUNNEL_PROXY_PASSWORD: password,
      });
      assert.equal(bob.code, 3);
      assert.match(bob.stderr, /: the proxy 127\.0\.0\.1:\d+ refuses: 40[17] .+\n$/);
      const nowhere = await connectBy([`ws://127.0.0.1:${freePort()}/`, ...ann], {
        WSTUNNEL_PROXY_PASSWORD: password,
      });
      assert.equal(nowhere.code, 3);
      assert.match(nowhere.stderr, /: the proxy 127\.0\.0\.1:\d+ refuses: 50\d .+\n$/);
    });
  },
});

Deno.test("the proxy is asked for the URL's host by name, and the server sees its own name", async () => {
  await using proxy = openProxy();
  await using backend = serveBackend(({ write }) => write("in"));
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  const authority = `localhost:${portOf(program.address)}`;
  // Who is named first says it, also where it is nothing.
  const env = { http_proxy: `http://${proxy.address}`, all_proxy: "http://127.0.0.1:1/" };
  assert.deepEqual(await connectBy([`ws://${authority}/`], env), IN);
  assert.deepEqual(proxy.heads, [`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`]);
  assert.deepEqual(
    await connectBy([`ws://${authority}/`, "--proxy", ""], env),
    IN,
  );
  assert.deepEqual(await connectBy([`ws://${authority}/`], { ...env, no_proxy: "localhost" }), IN);
  assert.equal(proxy.heads.length, 1);
  const port = portOf(proxy.address);
  const byName = [
    ...["--proxy", `proxy.example:${port}`],
    ...["--resolve", `proxy.example:${port}:127.0.0.1`],
  ];
  assert.deepEqual(await connectBy([`ws://${authority}/`, ...byName]), IN);
  assert.equal(proxy.heads.length, 2);
});

Deno.test("a listener's connections go by the proxy", async () => {
  await using proxy = openProxy();
  await using backend = serveBackend(({ write }) => write("in"));
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  await using connect = startConnect(
    [`ws://${program.address}/`, "--listen", "127.0.0.1:0"],
    { http_proxy: `http://${proxy.address}` },
  );
  const line = await connect.log.find(/listening on /);
  for (let count = 1; count <= 2; count++) {
    using client = await Deno.connect({ hostname: "127.0.0.1", port: Number(portOf(line)) });
    assert.equal(await new Response(client.readable).text(), "in");
    assert.equal(proxy.heads.length, count);
  }
});

Deno.test({
  name: "TLS with a proxy, and TLS with the server within, carry 20 MB unchanged",
  ignore: NO_OPENSSL !== null,
  async fn() {
    const payload = new Uint8Array(20_000_000);
    randomFrom(3).fill(payload);
    const expected = createHash("sha256").update(payload).digest("hex");
    await using setting = await tlsSetting();
    const { authority, flags, server } = setting;
    await using proxy = openProxy(server);
    await using backend = serveBackend(({ write }) => write(payload));
    const serving = [...BINARY, "--server", backend.address];
    await using plain = await startProgram(serving);
    await using secure = await startProgram([...serving, ...flags]);
    const by = ["--proxy", `https://localhost:${portOf(proxy.address)}`, "--ca", authority.cert];
    const cases = [
      [`ws://${plain.address}/`, ...by],
      [`wss://localhost:${portOf(secure.address)}/`, ...by],
      [`wss://localhost:${portOf(secure.address)}/`, ...by, "--insecure"],
    ];
    for (const args of cases) {
      await using connect = startConnect(args);
      const hash = createHash("sha256");
      for (;;) {
        const { value, done } = await connect.output.read();
        if (done) break;
        hash.update(value);
      }
      assert.deepEqual(await connect.finished(), { code: 0, stdout: "", stderr: "" }, args[0]);
      assert.equal(hash.digest("hex"), expected, args[0]);
    }
    const unknown = await connectBy([`ws://${plain.address}/`, ...by.slice(0, 2)]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /cannot connect to the proxy localhost:\d+: .*unknown issuer/);
  },
});

Deno.test("what a proxy does wrong is told, and what it says behind its head is the server's", async () => {
  const url = "ws://server.example:8080/";
  const cases: [answer: string, code: number, stderr: RegExp, url?: string][] = [
    ["HTTP/1.1 403 No\x07way\r\n\r\n", 1, /the answer of the proxy .* has /],
    ["HTTP/1.1 403 Not you\r\nContent-Length: 9\r\n\r\n<html>no!", 3, / refuses: 403 Not you\n$/],
    ["HTTP/1.0 502 Bad Gateway\r\n\r\n", 3, /: the proxy 127\S+ refuses: 502 Bad Gateway\n$/],
    [
      "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n",
      3,
      / refuses: 407 Who\?; it wants Negotiate or NTLM, and we have Basic alone\n$/,
    ],
    ["SSH-2.0-OpenSSH_9.2\r\n", 1, /: the answer of the proxy \S+ is no HTTP\n$/],
    ["HTTP/1.1 200", 1, /: the answer of the proxy \S+ ends inside its head\n$/],
    ["", 1, /: the answer of the proxy \S+ has not come: the connection has ended\n$/],
    [
      "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 503 Too early\r\nContent-Length: 0\r\n\r\n",
      3,
      /^wstunnel: server\.example:8080: refuses: 503 Too early\n$/,
    ],
    [
      "HTTP/1.1 200 OK\r\n\r\nno TLS, but words",
      1,
      /: cannot connect: it doesn't speak TLS\n$/,
      "wss://a/",
    ],
  ];
  for (const [answer, code, stderr, to = url] of cases) {
    await using proxy = serveBackend(async ({ reader, write }) => {
      await reader.through("\r\n\r\n", "a request");
      await write(answer);
    });
    const ended = await connectBy([to, "--proxy", `http://${proxy.address}`]);
    assert.deepEqual([ended.code, ended.stdout], [code, ""], ended.stderr);
    assert.match(ended.stderr, stderr);
  }
});

Deno.test("the time to connect holds for a proxy that doesn't answer, and for one that can't be reached", async () => {
  using unreachable = await listenSilently();
  await using silent = serveBackend(async ({ reader }) => {
    while (await reader.some("what a client says") !== null);
  });
  const cases: [address: string, stderr: RegExp][] = [
    [silent.address, /: the proxy 127\.0\.0\.1:\d+: no answer within 2 s\n$/],
    [unreachable.address, /: cannot connect to the proxy \S+: no answer within 2 s\n$/],
  ];
  for (const [address, stderr] of cases) {
    const args = ["ws://a/", "--proxy", `http://${address}`, "--connect-timeout", "2"];
    const ended = await connectBy(args);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, stderr);
  }
});

Deno.test("a proxy that is said wrongly is exit code 2, and no password is told", async () => {
  await inFolder(async (folder) => {
    const secret = makeSecret("a password in a URL");
    const url = "ws://127.0.0.1:1/";
    const cases: [args: string[], env: Record<string, string>, stderr: RegExp][] = [
      [["--proxy", `http://ann:${secret}@a:1`], {}, /--proxy: must be without user and password/],
      [
        ["--proxy", "ftp://a"],
        {},
        /--proxy: must be http:\/\/host:port, https:\/\/host:port or socks5:\/\/host:port: it begins with ftp:\/\/\n$/,
      ],
      [["--proxy", "a:0"], {}, /--proxy: the port must be 1 to 65535\n$/],
      [[], { http_proxy: `http://ann:${secret}/${secret}@a:1` }, /http_proxy: must be http:/],
      [[], { http_proxy: `http://ann:%${secret}%@a:1` }, /http_proxy: must be .* percent-encoded/],
      [["--proxy-user", "ann", "--proxy", "a:1"], {}, /or the variable WSTUNNEL_PROXY_PASSWORD\n$/],
      [["--proxy-password-file", `${folder}/p`], {}, /is for --proxy-user alone\n$/],
    ];
    for (const [args, env, stderr] of cases) {
      const ended = await connectBy([url, ...args], env);
      assert.deepEqual([ended.code, ended.stdout], [2, ""], ended.stderr);
      assert.match(ended.stderr, stderr);
    }
  });
});

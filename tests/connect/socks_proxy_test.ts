/** `wstunnel connect` by a proxy of SOCKS 5: microsocks, and such as do it wrong. */
import assert from "node:assert/strict";
import { freePort, serveBackend } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { startProgram } from "../support/program.ts";
import { makeSecret } from "../support/secrets.ts";
import { tlsSetting } from "../support/tls.ts";
import { connectBy } from "./connecting.ts";
import { NO_MICROSOCKS, withMicrosocks } from "./proxies.ts";

const BINARY = ["--frame-type", "binary"];

const NAME = "server.example";

const IN = { code: 0, stdout: "in", stderr: "" };

Deno.test({
  name: "microsocks is gone by, by name and by address, with a password and without",
  ignore: NO_MICROSOCKS !== null || NO_OPENSSL !== null,
  async fn() {
    await using setting = await tlsSetting();
    await using backend = serveBackend(({ write }) => write("in"));
    const serving = [...BINARY, "--server", backend.address];
    await using plain = await startProgram(serving);
    await using secure = await startProgram([...serving, ...setting.flags]);
    const ws = `ws://${plain.address}/`;
    const wss = `wss://localhost:${secure.address.split(":").at(-1)}/`;
    const trusting = ["--ca", setting.authority.cert];
    await withMicrosocks(null, async (address) => {
      const env = { http_proxy: `socks5h://${address}` };
      assert.deepEqual(await connectBy([ws], env), IN);
      assert.deepEqual(
        await connectBy([wss, ...trusting, "--proxy", `socks5://${address}`]),
        IN,
      );
      const nowhere = await connectBy([`ws://127.0.0.1:${freePort()}/`], env);
      assert.equal(nowhere.code, 1);
      assert.match(
        nowhere.stderr,
        /: the proxy \S+ doesn't reach the server: Connection refused\n$/,
      );
    });
    const password = makeSecret("the proxy's password");
    await withMicrosocks(["ann", password], async (address) => {
      const byUrl = (user: string) => ({ http_proxy: `socks5://${user}:${password}@${address}` });
      assert.deepEqual(await connectBy([ws], byUrl("ann")), IN);
      const wrong = await connectBy([ws], byUrl("bob"));
      assert.equal(wrong.code, 3);
      assert.match(wrong.stderr, /: the proxy \S+ refuses: user and password are wrong\n$/);
      const nobody = await connectBy([ws, "--proxy", `socks5://${address}`]);
      assert.equal(nobody.code, 3);
      assert.match(nobody.stderr, /: the proxy \S+ refuses: it wants a user: --proxy-user and/);
    });
  },
});

Deno.test("what a proxy of SOCKS does wrong is told", async () => {
  const greeted = [5, 0];
  const place = [3, 1, 0x61, 0, 80];
  const cases: [answer: number[], code: number, stderr: RegExp][] = [
    [[0x48, 0x54], 1, /: the answer of the proxy \S+ is no SOCKS 5\n$/],
    [[5], 1, /: the proxy \S+: the connection has ended\n$/],
    [[...greeted, 4, 0, 0, 1], 1, /: the answer of the proxy \S+ is no SOCKS 5\n$/],
    [[...greeted, 5, 0, 0, 9], 1, /: the answer of the proxy \S+ is no SOCKS 5\n$/],
    [[...greeted, 5, 0, 0, 1, 0], 1, /: the proxy \S+: the connection has ended\n$/],
    [[...greeted, 5, 2, 0, 1], 3, /: the proxy \S+ refuses: its rules forbid that\n$/],
    [[...greeted, 5, 4, 0, 1], 1, / doesn't reach the server: the host can't be reached\n$/],
    [[...greeted, 5, 99, 0, 1], 3, /: the proxy \S+ refuses: reply 99\n$/],
    [
      [...greeted, 5, 0, 0, ...place, ...new TextEncoder().encode("HTTP/1.1 503 Early\r\n\r\n")],
      3,
      /^wstunnel: server\.example: refuses: 503 Early\n$/,
    ],
  ];
  for (const [answer, code, stderr] of cases) {
    await using proxy = serveBackend(async ({ reader, write }) => {
      assert.deepEqual([...await reader.exactly(3, "a greeting")], [5, 1, 0]);
      await write(Uint8Array.from(answer.slice(0, 2)));
      if (answer.length <= 2) return;
      const request = [5, 1, 0, 3, NAME.length, ...new TextEncoder().encode(NAME), 0, 80];
      assert.deepEqual([...await reader.exactly(request.length, "a request")], request);
      await write(Uint8Array.from(answer.slice(2)));
    });
    const ended = await connectBy([
      `ws://${NAME}/`,
      ...["--proxy", `socks5://${proxy.address}`],
    ]);
    assert.deepEqual([ended.code, ended.stdout], [code, ""], ended.stderr);
    assert.match(ended.stderr, stderr);
  }
});

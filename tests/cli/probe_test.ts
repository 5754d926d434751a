import assert from "node:assert/strict";
import { parseProbe, probe, type ProbeResult } from "../../lib/cli/probe.ts";
import { formatUpgrade } from "../../lib/http/format.ts";
import { echo, freePort, openBackend, serveBackend, type Taken } from "../support/backends.ts";
import { closePayload, frame, Opcode } from "../support/raw_client.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { runProgram, startProgram, startWords } from "../support/program.ts";
import { tlsSetting } from "../support/tls.ts";

Deno.test("`parseProbe()` reads http, ws, the same by TLS, and unix, and says what it can't", () => {
  const tcp = (hostname: string, port: number) => ({ transport: "tcp", hostname, port });
  const rule =
    "must be http://host:port/path, ws://host:port/path, https:// or wss:// of these, or unix:/path";
  const cases: [string, unknown][] = [
    ["http://127.0.0.1:8080/", {
      address: tcp("127.0.0.1", 8080),
      kind: "answer",
      authority: "127.0.0.1:8080",
      target: "/",
      serverName: null,
    }],
    ["ws://[::1]:1/a?b=c#d", {
      address: tcp("::1", 1),
      kind: "tunnel",
      authority: "[::1]:1",
      target: "/a?b=c",
      serverName: null,
    }],
    ["ws://example.com", {
      address: tcp("example.com", 80),
      kind: "tunnel",
      authority: "example.com",
      target: "/",
      serverName: null,
    }],
    ["unix:/run/w.sock", {
      address: { transport: "unix", path: "/run/w.sock" },
      kind: "answer",
      authority: "localhost",
      target: "/",
      serverName: null,
    }],
    ["unix:w.sock", { problem: "a socket path must be absolute" }],
    ["wss://a/", {
      address: tcp("a", 443),
      kind: "tunnel",
      authority: "a",
      target: "/",
      serverName: "a",
    }],
    ["https://[::1]:1/healthz", {
      address: tcp("::1", 1),
      kind: "answer",
      authority: "[::1]:1",
      target: "/healthz",
      serverName: "::1",
    }],
    ["ftp://a/", { problem: rule }],
    ["127.0.0.1:8080", { problem: rule }],
    ["http://", { problem: rule }],
    ["", { problem: rule }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseProbe(text), expected, text);
});

async function ask(url: string, patienceMs?: number) {
  const parsed = parseProbe(url);
  assert(!("problem" in parsed), url);
  return await probe(parsed, patienceMs);
}

Deno.test("`probe()` finds each engine well, with a tunnel or without one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const engine of ["stream", "loop", "native"]) {
      await using backend = serveBackend(echo);
      await using program = await startProgram(
        ["--path", "/a", "--server", backend.address, "--engine", engine],
        { listen: ["127.0.0.1:0", `unix:${folder}/${engine}.sock`] },
      );
      const http = `http://${program.address}`;
      const [served, unserved, unix] = await Promise.all(
        [`${http}/a`, `${http}/b`, `unix:${folder}/${engine}.sock`].map((url) => ask(url)),
      );
      const needsUpgrade = "this path serves WebSockets only: send Upgrade: websocket";
      assert.deepEqual(served, { ok: true, text: `answers 426 Upgrade Required: ${needsUpgrade}` });
      const notFound = "answers 404 Not Found: nothing is served at this path";
      assert.deepEqual([unserved, unix], Array(2).fill({ ok: true, text: notFound }));
      assert.equal(backend.count, 0);

      assert.deepEqual(await ask(`ws://${program.address}/a`), {
        ok: true,
        text: "a tunnel opens",
      });
      const closed = await program.entry("tunnel closed");
      assert.deepEqual([closed["code"], backend.count], [1000, 1]);
      assert.deepEqual(await ask(`ws://${program.address}/b`), {
        ok: false,
        text: "refuses a tunnel: 404 Not Found: nothing is served at this path",
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`probe()` with ws: says that no backend answers, with http: it doesn't ask", async () => {
  await using program = await startProgram(["--server", `127.0.0.1:${freePort()}`]);
  const { ok, text } = await ask(`ws://${program.address}/`);
  assert.equal(ok, false);
  assert.match(text, /^refuses a tunnel: 503 Service Unavailable: /);
  assert.equal((await ask(`http://${program.address}/`)).ok, true);
});

Deno.test("`probe()` says in a line what is not well", async () => {
  const cases: [answer: string | null, RegExp][] = [
    ["HTTP/1.1 500 Internal Server Error\r\n\r\nno\nmore", /^answers 500 .*Error: no$/],
    ["HTTP/1.1 502\r\n\r\na\x1b[2J\tb\r\n", /^answers 502: a\?\[2J\?b$/],
    ["HTTP/1.1 502 \x1b[2J\r\n\r\n", /^the answer has a control character$/],
    ["HTTP/1.1 200 O", /^the answer ends inside its head$/],
    ["SSH-2.0-OpenSSH_9\r\n", /^the answer is no HTTP$/],
    ["", /^the answer has not come: the connection has ended$/],
    [null, /^no answer within 0\.2 s$/],
  ];
  for (const [answer, expected] of cases) {
    await using server = openBackend();
    const asking = ask(`http://${server.address}/`, answer === null ? 200 : undefined);
    const { reader, write, close } = await server.take();
    await reader.through("\r\n\r\n", "the request");
    if (answer !== null) {
      await write(answer);
      close();
    }
    const { ok, text } = await asking;
    assert.equal(ok, false);
    assert.match(text, expected);
  }
  const nobody = await ask(`http://127.0.0.1:${freePort()}/`);
  assert.equal(nobody.ok, false);
  assert.match(nobody.text, /^cannot connect: .*refused/);
});

Deno.test("`probe()` refuses a wrong Sec-WebSocket-Accept", async () => {
  await using server = openBackend();
  const asking = ask(`ws://${server.address}/`);
  const { reader, write } = await server.take();
  await reader.through("\r\n\r\n", "the request");
  await write("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n");
  assert.deepEqual(await asking, {
    ok: false,
    text: "accepts a tunnel with a wrong Sec-WebSocket-Accept",
  });
});

/** A server that opens a WebSocket as it should and then does as it is told. */
async function askServer(
  then: (server: Taken) => Promise<void>,
  patienceMs?: number,
): Promise<ProbeResult> {
  await using server = openBackend();
  const asking = ask(`ws://${server.address}/`, patienceMs);
  const taken = await server.take();
  const head = await taken.reader.through("\r\n\r\n", "the request");
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(head)![1]!;
  await taken.write("HTTP/1.1 100 Continue\r\n\r\n");
  await taken.write(new TextDecoder().decode(formatUpgrade(key, null)));
  await then(taken);
  return await asking;
}

/** The frame that `probe()` sends: a masked Close with 1000. */
async function takeClose({ reader }: Taken): Promise<void> {
  const frame = await reader.exactly(8, "its Close");
  assert.deepEqual([...frame.subarray(0, 2)], [0x88, 0x82]);
  assert.deepEqual([frame[6]! ^ frame[2]!, frame[7]! ^ frame[3]!], [0x03, 0xe8]);
}

const CLOSE = Uint8Array.of(0x88, 2, 3, 0xe8);

Deno.test("`probe()` with ws: finds a server well that opens a tunnel, and says how it fails to end it", async () => {
  const cases: [fault: string, then: (server: Taken) => Promise<void>][] = [
    ["", async (server) => {
      // Others may stand before the Close.
      await takeClose(server);
      await server.write(Uint8Array.of(0x82, 1, 7, 0x89, 0));
      await server.write(CLOSE);
      assert.equal((await server.reader.rest("its end")).end, "fin");
      server.close();
    }],
    ["does not answer the Close", takeClose],
    ["does not end the connection", async (server) => {
      await takeClose(server);
      await server.write(CLOSE);
    }],
    ["ends the connection without a Close", async (server) => {
      await takeClose(server);
      server.close();
    }],
    ["breaks the protocol: a masked frame", async (server) => {
      await takeClose(server);
      await server.write(Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 3, 0xe8));
    }],
    ["closes it with 1011 the backend is ?[1mgone", async (server) => {
      await server.write(
        frame(Opcode.CLOSE, closePayload(1011, "the backend is \x1b[1mgone"), { masked: false }),
      );
      await server.reader.rest("its end");
      server.close();
    }],
  ];
  for (const [fault, then] of cases) {
    const isWaited = fault.startsWith("does not");
    const text = "a tunnel opens" + (fault === "" ? "" : `, but the server ${fault}`);
    assert.deepEqual(await askServer(then, isWaited ? 2_000 : undefined), { ok: true, text });
  }
});

Deno.test("`wstunnel check --url` exits 0, 1 or 2", async () => {
  await using program = await startProgram(["--server", `127.0.0.1:${freePort()}`]);
  const [well, unwell, wrong] = await Promise.all([
    runProgram(["check", "--url", `http://${program.address}/`]),
    runProgram(["check", "--url", `ws://${program.address}/`]),
    runProgram(["check", "--url", program.address]),
  ]);
  assert.equal(well.code, 0, well.stderr);
  assert.match(well.stdout, /^http:\S+: answers 426 [^\n]*\n$/);
  assert.equal(unwell.code, 1);
  assert.match(unwell.stderr, /^wstunnel: ws:\S+: refuses a tunnel: 503 [^\n]*\n$/);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^wstunnel: --url: must be http:[^\n]*\n$/);
  assert.deepEqual([well.stderr, unwell.stdout, wrong.stdout], ["", "", ""]);
});

Deno.test({
  name: "`wstunnel check --url` asks by TLS, and trusts a certificate of whom it is told to",
  ignore: NO_OPENSSL !== null,
  async fn() {
    await using setting = await tlsSetting();
    await using backend = serveBackend(echo);
    await using program = await startProgram(["--server", backend.address, ...setting.flags]);
    const place = `localhost:${program.address.split(":").at(-1)}`;
    const ask = (url: string, env: Record<string, string> = {}) => {
      const [deno, ...words] = startWords();
      const line = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      return runProgram(["check", "--url", url], ["env", ...line, deno, ...words]);
    };
    const trust = { DENO_CERT: setting.authority.cert };
    const [tunnel, answer, unknown] = await Promise.all([
      ask(`wss://${place}/`, trust),
      ask(`https://${place}/healthz`, trust),
      ask(`wss://${place}/`),
    ]);
    assert.equal(tunnel.stdout, `wss://${place}/: a tunnel opens\n`, tunnel.stderr);
    assert.equal(answer.stdout, `https://${place}/healthz: answers 200 OK: ok\n`, answer.stderr);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /its certificate is of an unknown issuer: DENO_CERT in the/);
  },
});

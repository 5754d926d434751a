/** `wstunnel connect` in front of `wstunnel`, and of servers that end as they like. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basic, openFolder, passwordLine, tokenLine } from "../support/auth_files.ts";
import { echo, freePort, openBackend, serveBackend } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { residentBytes, startProgram } from "../support/program.ts";
import { randomFrom } from "../support/random.ts";
import { makeSecret } from "../support/secrets.ts";
import { tlsSetting } from "../support/tls.ts";
import { BINARY_FRAMES, hostLines, startWithFile } from "../e2e/whole.ts";
import { serveHandshakes } from "./handshakes.ts";
import { startConnect } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];

function urlOf(address: string, path = "/"): string {
  return `ws://${address.replace(/^tls:/, "")}${path}`;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>, length: number) {
  let text = "";
  while (text.length < length) {
    const { value, done } = await reader.read();
    assert.ok(!done, `the output ended behind ${JSON.stringify(text)}`);
    text += new TextDecoder().decode(value);
  }
  return text;
}

Deno.test("what is typed goes to the backend, its answer comes back, the input's end is a Close", async () => {
  await using backend = openBackend();
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  await using connect = startConnect([urlOf(program.address)]);
  const taken = await backend.take();
  await connect.type("to the backend");
  assert.equal(textOf(await taken.reader.exactly(14, "what was typed")), "to the backend");
  await taken.write("to the client");
  assert.equal(await readText(connect.output, 13), "to the client");
  await connect.endInput();
  assert.equal(await taken.reader.some("the end"), null);
  taken.close();
  assert.deepEqual(await connect.finished(), { code: 0, stdout: "", stderr: "" });
  const { cause, code, subprotocol, up, down } = await program.entry("tunnel closed");
  assert.deepEqual([cause, code, subprotocol, up, down], ["client-close", 1000, "binary", 14, 13]);
});

Deno.test("with tcp-fin-propagate the whole answer comes behind the input's end", async () => {
  const size = 20_000_000;
  const payload = new Uint8Array(size);
  randomFrom(size).fill(payload);
  let asked = "";
  await using backend = serveBackend(async ({ reader, write }) => {
    for (let bytes; (bytes = await reader.some("the question")) !== null;) {
      asked += new TextDecoder().decode(bytes);
    }
    await write(payload);
  });
  await using program = await startWithFile(
    `[wstunnel]\n${BINARY_FRAMES}\n[wstunnel.server."/"]\n${
      hostLines(backend.address)
    }\ntcp-fin-propagate = true\n`,
  );
  await using connect = startConnect([urlOf(program.address)]);
  await connect.type("all of it?");
  await connect.endInput();
  const hash = createHash("sha256");
  for (;;) {
    const { value, done } = await connect.output.read();
    if (done) break;
    hash.update(value);
  }
  assert.equal(hash.digest("hex"), createHash("sha256").update(payload).digest("hex"));
  assert.equal(asked, "all of it?");
  assert.deepEqual(await connect.finished(), { code: 0, stdout: "", stderr: "" });
});

Deno.test("the backend's end is the end, with all that came before it", async () => {
  await using backend = serveBackend(({ write }) => write("good bye"));
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  const before = performance.now();
  await using connect = startConnect([urlOf(program.address)]);
  assert.deepEqual(await connect.finished(), { code: 0, stdout: "good bye", stderr: "" });
  // Nobody is waited for.
  assert.ok(performance.now() - before < 10_000);
});

Deno.test("a refusal is exit code 3 with the server's words, no server 1, a bad flag 2", async () => {
  await using program = await startProgram([
    ...BINARY,
    "--path",
    "/here",
    "--server",
    `127.0.0.1:${freePort()}`,
  ]);
  const cases: [args: string[], code: number, stderr: RegExp][] = [
    [
      [urlOf(program.address, "/there")],
      3,
      /^wstunnel: 127\.0\.0\.1:\d+: refuses: 404 Not Found: .+\n$/,
    ],
    [[urlOf(program.address, "/here")], 3, / refuses: 503 Service Unavailable: .+\n$/],
    [
      [`ws://127.0.0.1:${freePort()}/`],
      1,
      /^wstunnel: 127\.0\.0\.1:\d+: cannot connect: .*refused.*\n$/,
    ],
    [["http://127.0.0.1/"], 2, /^wstunnel: connect: the URL must be ws:.*: it begins with http:/],
    [["127.0.0.1:1/?s3cret"], 2, /path: it begins with none of these\n$/],
    [["ws://127.0.0.1:99999/?s3cret"], 2, /is no host with a port from 1 to 65535\n$/],
    [["ws://127.0.0.1/?a=#s3cret"], 2, /the URL must be without a #/],
    [["ws://me:word@127.0.0.1/"], 2, /^wstunnel: connect: the URL must be without user/],
    [["ws://127.0.0.1/", "--header", "Host: a"], 2, /Host is part of the handshake itself\n$/],
    [["ws://127.0.0.1/", "--header", "a: b\nc: d"], 2, /must be 'Name: value' in one line\n$/],
    [
      ["ws://127.0.0.1/", "--frame-type", "octets"],
      2,
      /must be binary or text: current value is "octets"\n$/,
    ],
    [
      ["ws://127.0.0.1/", "--user", "ann"],
      2,
      /by --password-file FILE or the variable WSTUNNEL_PASSWORD\n$/,
    ],
    [
      ["ws://127.0.0.1/", "--user", `me:${makeSecret("a password behind --user")}`],
      2,
      /: --user: must be without a colon; the password is said by --password-file /,
    ],
    [
      ["ws://127.0.0.1/", "--subprotocol", "a", "--subprotocol", "b", "--subprotocol", "a"],
      2,
      /: --subprotocol: must be given once for each: current value is "a"\n$/,
    ],
    [["ws://127.0.0.1/", "--ca", "/ca.pem"], 2, /--ca is for wss:\/\/ alone\n$/],
    [["ws://127.0.0.1/", "--ping-interval", "often"], 2, /must be 0 or .* value is "often"\n$/],
    [["ws://127.0.0.1/", "--linger", "100000"], 2, /--linger: .* 86400: .* is "100000"\n$/],
    [["ws://127.0.0.1/", "--connect-timeout", "0"], 2, /seconds up to 86400: .* is "0"\n$/],
    [["ws://127.0.0.1/", "--server", "a:1"], 2, /--server has no effect with connect/],
    [["ws://127.0.0.1/", "--origin", "a", "--origin", "b"], 2, /--origin: must be given once/],
    [[], 2, /missing required argument 'URL'/],
  ];
  for (const [args, code, stderr] of cases) {
    await using connect = startConnect(args);
    const ended = await connect.finished();
    assert.deepEqual([ended.code, ended.stdout], [code, ""], args.join(" "));
    assert.match(ended.stderr, stderr);
    assert.doesNotMatch(ended.stderr, /s3cret/);
  }
});

Deno.test("a server that goes, or ends it for a reason, is exit code 1 with all that came before", async () => {
  const hello = [0x82, 5, ...new TextEncoder().encode("hello")];
  const close = (code: number, reason: string) => {
    const words = new TextEncoder().encode(reason);
    return [0x88, 2 + words.length, code >> 8, code & 0xff, ...words];
  };
  const cases: [last: number[], code: number, stderr: RegExp][] = [
    [[], 1, /^wstunnel: 127\.0\.0\.1:\d+: the connection to the server is lost\n$/],
    [
      close(1011, "no \x1b[2J display"),
      1,
      /: the server has ended it with 1011: no \\x1b\[2J display\n$/,
    ],
    [[0x88, 0], 0, /^$/],
    [close(1001, "away"), 0, /^$/],
    [[0x82, 0x80, 0, 0, 0, 0], 1, /: the server has broken the protocol: .+\n$/],
    [
      [0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0],
      1,
      /: the server has sent too much: a frame over 2\^53 - 1 bytes\n$/,
    ],
  ];
  for (const [last, code, stderr] of cases) {
    await using server = serveHandshakes(({ write }) => write(new Uint8Array([...hello, ...last])));
    await using connect = startConnect([urlOf(server.address)]);
    const ended = await connect.finished();
    assert.deepEqual([ended.code, ended.stdout], [code, "hello"], JSON.stringify(last));
    assert.match(ended.stderr, stderr);
  }
});

Deno.test("a server that says nothing to the Close is given up after two ping intervals", async () => {
  await using server = serveHandshakes(async ({ reader }) => {
    while (await reader.some("what the client says") !== null);
  });
  await using connect = startConnect([urlOf(server.address), "--ping-interval", "0.3"]);
  await connect.endInput();
  const { code, stderr } = await connect.finished();
  assert.equal(code, 1);
  assert.match(stderr, /: the server has fallen silent\n$/);
});

Deno.test("headers, Origin and subprotocols are sent as they are given", async () => {
  const heads: string[] = [];
  await using server = serveHandshakes(async ({ write }, head) => {
    heads.push(head);
    await write(new Uint8Array([0x88, 0]));
  });
  await using connect = startConnect([
    urlOf(server.address, "/a?b=c"),
    ...["--header", "X-One: 1", "--header", "x-two:  two words ", "--origin", "https://a.example"],
    ...["--subprotocol", "mqtt", "--subprotocol", "binary"],
  ]);
  assert.equal((await connect.finished()).code, 0);
  const [head = ""] = heads;
  assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\n/);
  for (
    const line of [
      "X-One: 1",
      "x-two: two words",
      "Origin: https://a.example",
      "Sec-WebSocket-Protocol: mqtt, binary",
    ]
  ) assert.ok(head.includes(`\r\n${line}\r\n`), line);
});

Deno.test("passwords and tokens come from files and the environment", async () => {
  await using folder = await openFolder();
  await using backend = serveBackend(({ write }) => write("in"));
  const token = makeSecret("the token");
  const password = makeSecret("the password");
  const tokens = await folder.write("tokens", tokenLine("ann", token));
  const users = await folder.write("users", passwordLine("bob", password));
  const token1 = await folder.write("token", `${token}\n`);
  const password1 = await folder.write("password", `${password}\r\n`);
  await using program = await startWithFile(`[wstunnel]
${BINARY_FRAMES}
[wstunnel.server."/token"]
auth = { token = "${tokens}" }
${hostLines(backend.address)}
[wstunnel.server."/basic"]
auth = { basic = "${users}" }
${hostLines(backend.address)}
`);
  const cases: [path: string, flags: string[], env: Record<string, string>, code: number][] = [
    ["/token", [], {}, 3],
    ["/token", ["--token-file", token1], {}, 0],
    ["/token", [], { WSTUNNEL_TOKEN: token }, 0],
    ["/basic", ["--user", "bob", "--password-file", password1], {}, 0],
    ["/basic", ["--user", "bob"], { WSTUNNEL_PASSWORD: password }, 0],
    ["/basic", ["--header", `Authorization: ${basic("bob", password)}`], {}, 0],
    ["/basic", ["--user", "ann", "--password-file", password1], {}, 3],
  ];
  for (const [path, flags, env, code] of cases) {
    await using connect = startConnect([urlOf(program.address, path), ...flags], env);
    const ended = await connect.finished();
    assert.deepEqual([ended.code, ended.stdout], [code, code === 0 ? "in" : ""], ended.stderr);
    if (code === 3) assert.match(ended.stderr, / refuses: 401 /);
  }
});

Deno.test({
  name: "wss:// verifies the server's certificate, by --ca and --server-name",
  ignore: NO_OPENSSL !== null,
  async fn() {
    await using setting = await tlsSetting();
    await using backend = serveBackend(({ write }) => write("in"));
    await using program = await startProgram(
      [...BINARY, "--server", backend.address, ...setting.flags],
    );
    const port = program.address.split(":").at(-1);
    const { authority } = setting;
    const cases: [flags: string[], code: number, stderr: RegExp][] = [
      [[], 1, /cannot connect: .*unknown issuer: --ca names the file/],
      [["--ca", authority.cert], 0, /^$/],
      [["--insecure"], 0, /^$/],
      [["--insecure", "--server-name", "other"], 0, /^$/],
      [["--insecure", "--ca", authority.cert], 2, /--ca has no effect beside --insecure/],
      [["--ca", authority.cert, "--server-name", "other"], 1, /cannot connect: its certificate/],
    ];
    for (const [flags, code, stderr] of cases) {
      await using connect = startConnect([`wss://localhost:${port}/`, ...flags]);
      const ended = await connect.finished();
      assert.deepEqual([ended.code, ended.stdout], [code, code === 0 ? "in" : ""], ended.stderr);
      assert.match(ended.stderr, stderr);
    }
  },
});

Deno.test({
  name: "wss:// carries 20 MB unchanged, whether or not the certificate is verified",
  ignore: NO_OPENSSL !== null,
  async fn() {
    const payload = new Uint8Array(20_000_000);
    randomFrom(2).fill(payload);
    const expected = createHash("sha256").update(payload).digest("hex");
    await using setting = await tlsSetting();
    await using backend = serveBackend(({ write }) => write(payload));
    await using plain = await startProgram([...BINARY, "--server", backend.address]);
    await using program = await startProgram(
      [...BINARY, "--server", backend.address, ...setting.flags],
    );
    const port = program.address.split(":").at(-1);
    for (const flags of [["--ca", setting.authority.cert], ["--insecure"]]) {
      await using connect = startConnect([`wss://localhost:${port}/`, ...flags]);
      const hash = createHash("sha256");
      for (;;) {
        const { value, done } = await connect.output.read();
        if (done) break;
        hash.update(value);
      }
      assert.equal(hash.digest("hex"), expected, flags[0]);
      assert.deepEqual(await connect.finished(), { code: 0, stdout: "", stderr: "" });
    }
    await using connect = startConnect([`wss://${plain.address}/`, "--insecure"]);
    const { code, stderr } = await connect.finished();
    assert.equal(code, 1);
    assert.match(stderr, /^wstunnel: 127\.0\.0\.1:\d+: cannot connect: .+\n$/);
  },
});

Deno.test("who reads slowly gets all of it, and little of it is held meanwhile", async () => {
  const part = new Uint8Array(1_000_000);
  randomFrom(1).fill(part);
  let sent = 0;
  await using backend = serveBackend(async ({ write }) => {
    for (let round = 0; round < 50; round++) {
      await write(part);
      sent += part.length;
    }
  });
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  await using connect = startConnect([urlOf(program.address), "--ping-interval", "1"]);
  await eventually("the backend to begin", () => sent > 0);
  const idle = residentBytes(connect.pid);
  let seen = -1;
  let sinceMs = 0;
  // Longer than a server's client may be silent.
  await eventually("the backend to be held up", () => {
    if (sent !== seen) sinceMs = performance.now();
    seen = sent;
    return performance.now() - sinceMs > 6_000;
  });
  assert.ok(sent < 50 * part.length, "all of it was taken");
  assert.ok(residentBytes(connect.pid) - idle < 30_000_000, "more was held than is read at once");
  const expected = createHash("sha256");
  for (let round = 0; round < 50; round++) expected.update(part);
  const hash = createHash("sha256");
  for (;;) {
    const { value, done } = await connect.output.read();
    if (done) break;
    hash.update(value);
  }
  assert.equal(hash.digest("hex"), expected.digest("hex"));
  assert.deepEqual(await connect.finished(), { code: 0, stdout: "", stderr: "" });
});

Deno.test("who reads no more ends it, and a signal does: the server is told by a Close", async () => {
  await using backend = serveBackend(echo);
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  await using connect = startConnect([urlOf(program.address)]);
  await connect.type("a");
  assert.equal(await readText(connect.output, 1), "a");
  await connect.output.cancel();
  await connect.type("b");
  const ended = await connect.finished();
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /: nobody reads standard output any more\n$/);
  assert.equal((await program.entry("tunnel closed")).cause, "client-close");

  await using other = startConnect([urlOf(program.address)]);
  await other.type("a");
  assert.equal(await readText(other.output, 1), "a");
  other.signal("SIGTERM");
  assert.deepEqual(await other.finished(), { code: 0, stdout: "", stderr: "" });
  const { cause, code } = await program.entry("tunnel closed", 2);
  assert.deepEqual([cause, code], ["client-close", 1001]);
});

/** `wstunnel connect --socks`: who connects says where to, and the server decides. */
import assert from "node:assert/strict";
import { negotiate } from "../../lib/cli/connect/socks/negotiate.ts";
import { echo, freePort, openBackend, serveBackend } from "../support/backends.ts";
import { connect, createReader, type Reader, writeAll } from "../support/connection.ts";
import { inTime } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { startWithFile } from "../e2e/whole.ts";
import { addressesOf, mostAttempts, startConnect } from "./connecting.ts";

const GREETING = [5, 1, 0];
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const portOf = (address: string) => Number(address.split(":").at(-1));

function request(host: string | readonly number[], port: number, command = 1): number[] {
  const address = typeof host === "string"
    ? [3, host.length, ...bytesOf(host)]
    : [host.length === 4 ? 1 : 4, ...host];
  return [5, command, 0, ...address, port >> 8, port & 0xff];
}

/** Says all of it at once; gives what it is answered behind the choice of the method. */
async function ask(
  address: string,
  words: readonly number[],
): Promise<{ connection: Deno.Conn; reader: Reader; reply: number }> {
  const connection = await connect(address);
  await writeAll(connection, new Uint8Array([...GREETING, ...words]));
  const reader = createReader(connection);
  assert.deepEqual([...await reader.exactly(2, "the method")], [5, 0]);
  const [version, reply] = await reader.exactly(10, "the reply");
  assert.equal(version, 5);
  return { connection, reader, reply: reply! };
}

function allowing(list: readonly string[]) {
  return startWithFile(`[wstunnel]
frame-type = "binary"
[wstunnel.server."/v1"]
targets = { address = ${JSON.stringify(list)} }
[wstunnel.server."/to"]
targets = { address = ${JSON.stringify(list)}, parameter = "to" }
`);
}

Deno.test("names and addresses lead where the server lets them, with what was said early, and replies say what not", async () => {
  await using backend = serveBackend(echo);
  const port = portOf(backend.address);
  const dead = freePort();
  await using program = await allowing([
    ...[`localhost:${port}`, `127.0.0.1:${port}`, `127.0.0.1:${dead}`],
  ]);
  await using listening = startConnect([
    ...[`ws://${program.address}/to?to=`, "--socks", "127.0.0.1:0"],
  ]);
  const [address] = await addressesOf(listening);
  for (const host of ["localhost", "127.0.0.1", [127, 0, 0, 1]]) {
    const { connection, reader, reply } = await ask(address!, [
      ...request(host, port),
      ...bytesOf("said early"),
    ]);
    using _connection = connection;
    assert.equal(reply, 0);
    await writeAll(connection, bytesOf(", and later"));
    assert.equal(textOf(await reader.exactly(21, "the echo")), "said early, and later");
  }
  const refused: [words: number[], reply: number][] = [
    [request("localhost", 1), 2],
    [request("0x7f.1", port), 2],
    [request(Array(15).fill(0).concat(1), port), 2],
    [request("127.0.0.1", dead), 4],
    [request("localhost", port, 2), 7],
    [[5, 1, 0, 9, 0, 0], 8],
    [request("no host", port), 1],
  ];
  for (const [words, expected] of refused) {
    // What it says behind that changes nothing.
    const { connection, reader, reply } = await ask(address!, [...words, ...Array(2000).fill(1)]);
    using _connection = connection;
    assert.equal(reply, expected, `${words}`);
    assert.deepEqual(await reader.rest("the end"), { bytes: new Uint8Array(0), end: "fin" });
  }
  await program.entry("tunnel opened", 3);
  assert.equal(program.entries("tunnel opened").length, 3);
  listening.signal("SIGTERM");
  const { code, stderr } = await listening.finished();
  assert.equal(code, 0);
  const lines = stderr.trimEnd().split("\n").map((line) => line.replace(/^wstunnel: [^ ]+: /, ""));
  assert.match(lines[0]!, /^wstunnel: listening on 127\.0\.0\.1:\d+ for SOCKS5$/);
  assert.match(lines[1]!, /^localhost:1: refuses: 403 Forbidden/);
  assert.equal(lines.length, 1 + refused.length);
});

Deno.test("a server that is down is waited for, and a no is not asked for again at once", async () => {
  await using forbidding = serveBackend(async ({ reader, write }) => {
    await reader.through("\r\n\r\n", "a head");
    await write("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
  });
  const flags = ["--socks", "127.0.0.1:0"];
  await using listening = startConnect([`ws://${forbidding.address}/`, ...flags]);
  const [address] = await addressesOf(listening);
  const beganMs = performance.now();
  for (let asked = 0; asked <= 8 || performance.now() - beganMs < 1_000; asked++) {
    const { connection, reply } = await ask(address!, request("a", 1));
    connection.close();
    assert.equal(reply, 2);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  assert.ok(forbidding.count <= mostAttempts(seconds), `${forbidding.count} attempts`);
  const before = forbidding.count;
  (await ask(address!, request("b", 1))).connection.close();
  assert.equal(forbidding.count, before + 1);
  listening.signal("SIGTERM");
  await listening.finished();

  const once = [...flags, "--connect-timeout", "0.3", "--once"];
  await using nobody = startConnect([`ws://127.0.0.1:${freePort()}/`, ...once]);
  const { connection, reply } = await ask((await addressesOf(nobody))[0]!, request("a", 1));
  assert.equal(reply, 1);
  connection.close();
  assert.equal((await nobody.finished()).code, 1);
});

Deno.test("who speaks something else, or nothing, is dismissed in time", async () => {
  await using program = await allowing(["localhost:1"]);
  await using listening = startConnect([`ws://${program.address}/v1`, "--socks", "127.0.0.1:0"]);
  const [address] = await addressesOf(listening);
  const cases: [words: Uint8Array, answer: number[]][] = [
    [bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), []],
    [new Uint8Array([4, 1, 0, 22, 1, 2, 3, 4, 0]), []],
    [new Uint8Array([5, 1, 2]), [5, 0xff]],
    [crypto.getRandomValues(new Uint8Array(60_000)).fill(0xee, 0, 1), []],
  ];
  for (const [words, answer] of cases) {
    using connection = await connect(address!);
    await writeAll(connection, words);
    const { bytes } = await createReader(connection).rest("the end");
    assert.deepEqual([...bytes], answer);
  }
  (await connect(address!)).close();
  listening.signal("SIGTERM");
  const { code, stderr } = await listening.finished();
  assert.equal(code, 0);
  assert.match(stderr, /: a program here speaks HTTP, not SOCKS5\n/);
  assert.doesNotMatch(stderr, /gone/);

  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const words of [[], [5], [5, 1, 0, 5, 1, 0, 3, 200]]) {
    using slow = await connect(`127.0.0.1:${listener.addr.port}`);
    const accepted = await listener.accept();
    await writeAll(slow, new Uint8Array(words));
    const asked = negotiate(accepted, new AbortController().signal, 200);
    const result = await inTime("the end of patience", asked, () => accepted.close());
    assert.deepEqual(result, { problem: "asks for nothing within 0.2 s" });
  }
});

Deno.test("--once serves one of them, and ends as that does", async () => {
  await using backend = openBackend();
  const port = portOf(backend.address);
  await using program = await allowing([`127.0.0.1:${port}`]);
  await using once = startConnect([
    ...[`ws://${program.address}/v1`, "--socks", "127.0.0.1:0", "--once"],
  ]);
  const { connection, reader, reply } = await ask(
    (await addressesOf(once))[0]!,
    request("127.0.0.1", port),
  );
  using _connection = connection;
  assert.equal(reply, 0);
  const taken = await backend.take();
  await taken.write("good bye");
  taken.close();
  assert.equal(textOf((await reader.rest("the end")).bytes), "good bye");
  assert.equal((await once.finished()).code, 0);
});

Deno.test({
  name: "curl by --socks5-hostname, --socks5 and a socket file",
  ignore: installed("curl") === null,
  async fn() {
    const folder = await Deno.makeTempDir();
    await using backend = serveBackend(async ({ reader, write }) => {
      const head = await reader.through("\r\n\r\n", "a head");
      const [, host = ""] = /^Host: (.*)\r$/m.exec(head) ?? [];
      await write(`HTTP/1.1 200 OK\r\nContent-Length: ${host.length}\r\n\r\n${host}`);
    });
    const port = portOf(backend.address);
    await using program = await allowing([`localhost:${port}`, `127.0.0.1:${port}`]);
    const file = `${folder}/socks.sock`;
    const flags = ["--socks", "127.0.0.1:0", "--socks", `unix:${file}`];
    await using listening = startConnect([`ws://${program.address}/v1`, ...flags]);
    const [address] = await addressesOf(listening, 2);
    const curl = async (...args: string[]) => {
      const { code, stdout } = await new Deno.Command("curl", {
        args: ["--silent", "--max-time", "20", ...args],
        env: { NO_PROXY: "", no_proxy: "" },
        stderr: "null",
      }).output();
      return [code, textOf(stdout)];
    };
    try {
      const cases: [args: string[], host: string][] = [
        [["--socks5-hostname", address!], "localhost"],
        [["--ipv4", "--socks5", address!], "localhost"],
        [["--socks5-hostname", address!], "127.0.0.1"],
        [["--proxy", `socks5h://localhost${file}`], "localhost"],
      ];
      const isNew = (await curl("--version")).join().match(/curl (7\.8[4-9]|8)/) !== null;
      for (const [args, host] of cases.slice(0, isNew ? 4 : 3)) {
        const got = await curl(...args, `http://${host}:${port}/`);
        assert.deepEqual(got, [0, `${host}:${port}`], args.join(" "));
      }
      // CURLE_PROXY: what the reply says.
      assert.deepEqual(
        await curl("--socks5-hostname", address!, `http://localhost:1/`),
        [97, ""],
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

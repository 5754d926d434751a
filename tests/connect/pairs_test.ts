/** `wstunnel connect LISTEN=URL...`: several servers in one process; and `--once`. */
import assert from "node:assert/strict";
import { freePort, openBackend, serveBackend } from "../support/backends.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { openFolder } from "../support/auth_files.ts";
import { startProgram } from "../support/program.ts";
import { addressesOf, startConnect } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];

async function readAll(address: string): Promise<string> {
  using connection = await connect(address);
  const { bytes } = await createReader(connection).rest("all of it");
  return new TextDecoder().decode(bytes);
}

Deno.test("each pair leads to its own server, and what is told names it", async () => {
  await using folder = await openFolder();
  await using one = serveBackend(({ write }) => write("one"));
  await using two = serveBackend(({ write }) => write("two"));
  await using program = await startProgram([
    ...BINARY,
    ...["--path", "/one", "--server", one.address, "--path", "/two", "--server", two.address],
  ]);
  const file = `unix:${folder.path}/a=b.sock`;
  const at = `ws://${program.address}`;
  await using listening = startConnect([
    `127.0.0.1:0=${at}/one?a=b`,
    `${file}=${at}/two`,
    `127.0.0.1:0=${at}/none`,
  ]);
  const addresses = await addressesOf(listening, 3);
  assert.equal(addresses[1], file);
  assert.deepEqual(await Promise.all(addresses.map(readAll)), ["one", "two", ""]);
  listening.signal("SIGTERM");
  const { code, stderr } = await listening.finished();
  assert.equal(code, 0);
  const lines = stderr.trimEnd().split("\n");
  const { address } = program;
  assert.deepEqual(
    lines.slice(0, 3),
    addresses.map((listen) => `wstunnel: listening on ${listen} for ${address}`),
  );
  assert.equal(lines.length, 4);
  assert.ok(lines[3]!.startsWith(`wstunnel: ${addresses[2]}=${address}: refuses: 404 `), lines[3]);
});

Deno.test("where one of several can't listen none does: exit code 1", async () => {
  await using folder = await openFolder();
  await using taken = openBackend();
  const file = `${folder.path}/here.sock`;
  const pairs = [`unix:${file}=ws://127.0.0.1:1/`, `${taken.address}=ws://127.0.0.1:1/`];
  await using connecting = startConnect(pairs);
  const { code, stderr } = await connecting.finished();
  assert.equal(code, 1);
  assert.match(stderr, /^wstunnel: cannot listen on 127\.0\.0\.1:\d+: .*in use.*\n$/);
  assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
});

Deno.test("--once serves the first connection, takes no second, and ends as that does", async () => {
  await using folder = await openFolder();
  await using backend = openBackend();
  await using program = await startProgram([
    ...BINARY,
    ...["--path", "/here", "--server", backend.address],
    ...["--path", "/gone", "--server", `127.0.0.1:${freePort()}`],
  ]);
  const file = `${folder.path}/here.sock`;
  const at = `ws://${program.address}`;
  const listen = ["--listen", "127.0.0.1:0", "--listen", `unix:${file}`, "--once"];
  await using listening = startConnect([`${at}/here`, ...listen]);
  const [port, other] = await addressesOf(listening, 2);
  using first = await connect(port!);
  const taken = await backend.take();
  for (const address of [port!, other!]) {
    await eventually("the listener to be closed", async () => {
      try {
        (await connect(address)).close();
        return false;
      } catch {
        return true;
      }
    });
  }
  assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
  await writeAll(first, new TextEncoder().encode("question"));
  await taken.reader.exactly(8, "the question");
  await taken.write("answer");
  taken.close();
  const { bytes, end } = await createReader(first).rest("the answer");
  assert.deepEqual([new TextDecoder().decode(bytes), end], ["answer", "fin"]);
  assert.equal((await listening.finished()).code, 0);

  const ends: [url: string, code: number, words: RegExp][] = [
    [`${at}/nowhere`, 3, /: refuses: 404 /],
    [`${at}/gone`, 3, /: refuses: 503 /],
    [`ws://127.0.0.1:${freePort()}/`, 1, /: cannot connect: .*refused/],
  ];
  for (const [url, code, words] of ends) {
    await using once = startConnect([`127.0.0.1:0=${url}`, "--once"]);
    const [address] = await addressesOf(once);
    assert.equal(await readAll(address!), "");
    const ended = await once.finished();
    assert.equal(ended.code, code);
    assert.match(ended.stderr, words);
  }
});

Deno.test("what doesn't go together is exit code 2", async () => {
  const cases: [args: string[], stderr: RegExp][] = [
    [["ws://a/", ":1=ws://b/"], /^wstunnel: connect: a URL alone has no place beside pairs/],
    [
      ["ws://a/", "--once"],
      /^wstunnel: connect: --once is for --listen, LISTEN=URL and --socks\n$/,
    ],
    [[":1=ws://a/", ":2=ws://b/", "--ca", "/a"], /--ca is for wss:\/\/ alone\n$/],
  ];
  for (const [args, stderr] of cases) {
    await using connecting = startConnect(args);
    const ended = await connecting.finished();
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, stderr);
  }
});

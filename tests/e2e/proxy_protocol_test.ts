/** A listener that takes the PROXY protocol: who is named by it, and what becomes of a connection that begins otherwise. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { concat } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import type { Program } from "../support/program.ts";
import {
  frame,
  handshake,
  Opcode,
  openRaw,
  type RawClient,
  SAMPLE_KEY,
} from "../support/raw_client.ts";
import { IPV4, IPV6, unixPaths, v1, v2 } from "../http/proxy_headers.ts";
import { startFor, text } from "./whole.ts";
import { type Engine, PLAIN } from "./engine_limits.ts";

type Mode = "required" | "optional";

interface Options {
  readonly trusted?: readonly string[];
  readonly timeout?: number;
  readonly engine?: Engine;
  readonly wstunnel?: string;
}

/** Starts the program with a listener that takes the protocol, and a plain one behind it. */
function start(mode: Mode, backend: string, options: Options = {}): Promise<Program> {
  const { trusted = ["127.0.0.1"], timeout = 10, engine = PLAIN, wstunnel = "" } = options;
  return startFor(engine, backend, {
    top: `
listen = [{ address = "127.0.0.1:0", proxy-protocol = "${mode}" }, "127.0.0.1:0"]
trusted-proxies = ${JSON.stringify(trusted)}
handshake-timeout = ${timeout}`,
    wstunnel: `frame-type = "binary"\n${wstunnel}`,
    listen: [],
    listeners: 2,
  });
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Sends what opens a tunnel in pieces, and checks that bytes go through; a frame follows the head at once. */
async function assertOpens(address: string, ...pieces: readonly Uint8Array[]): Promise<void> {
  using client = await openRaw(address);
  for (const piece of pieces) await client.write(piece);
  assert.equal((await client.head()).status, 101);
  assert.equal(text(await client.payload(5)), "early");
  await client.send(Opcode.BINARY, "later");
  assert.equal(text(await client.payload(5)), "later");
}

/** The connection must end without an answer. */
async function assertEnds(client: RawClient): Promise<void> {
  await client.end();
}

const OPENING = concat([bytes(handshake("/a")), frame(Opcode.BINARY, "early")]);

const TLV = [0x03, 0x00, 0x04, 1, 2, 3, 4];

const LOOPBACK = /^127\.0\.0\.1:\d+$/;

/** A header, and whom it names; null: the proxy speaks for itself. */
const HEADERS: readonly (readonly [name: string, header: Uint8Array, client: string | null])[] = [
  ["v1 of IPv4", v1("TCP4 192.0.2.1 203.0.113.9 51000 443"), "192.0.2.1:51000"],
  ["v1 of IPv6", v1("TCP6 2001:db8::1 2001:db8::2 51000 443"), "[2001:db8::1]:51000"],
  ["v1 UNKNOWN", v1("UNKNOWN"), null],
  ["v2 of IPv4, with TLVs", v2({ rest: [...IPV4, ...TLV] }), "192.0.2.1:51000"],
  ["v2 of IPv6", v2({ family: 0x21, rest: IPV6 }), "[2001:db8::1]:51000"],
  ["v2 of a socket's file", v2({ family: 0x31, rest: unixPaths("/a", "/b") }), "unix"],
  ["v2 LOCAL", v2({ command: 0x20, family: 0 }), null],
];

for (const mode of ["required", "optional"] as const) {
  Deno.test(`${mode}: a trusted proxy names the client, in whatever pieces it comes`, async () => {
    await using backend = serveBackend(echo);
    await using program = await start(mode, backend.address);
    let nth = 0;
    for (const [name, header, expected] of HEADERS) {
      const whole = concat([header, OPENING]);
      const splits = [
        0,
        1,
        5,
        6,
        12,
        13,
        15,
        16,
        header.length - 1,
        header.length,
        header.length + 1,
      ];
      for (const at of splits) {
        await assertOpens(program.address, whole.subarray(0, at), whole.subarray(at));
        const { client, via } = await program.entry("tunnel opened", ++nth);
        if (expected === null) {
          assert.match(String(client), LOOPBACK, name);
          assert.equal(via, undefined);
        } else {
          assert.equal(client, expected, name);
          assert.match(String(via), LOOPBACK);
        }
      }
      await assertOpens(program.address, ...Array.from(whole, (byte) => Uint8Array.of(byte)));
      nth++;
    }
  });

  for (
    const [name, header, reason] of [
      ["v1 over 107 bytes", bytes("PROXY UNKNOWN " + "x".repeat(200) + "\r\n"), /over 107 bytes$/],
      ["v1 of names", v1("TCP4 localhost localhost 1 1"), /not two addresses/],
      ["v1 with a bare line feed", bytes("PROXY UNKNOWN\nGET / HTTP/1.1\r\n"), /no visible/],
      ["v2 of 64 KiB", v2({ rest: IPV4, length: 65_535 }), /65551 bytes, of at most 4096$/],
      ["v2 cut short", v2({ rest: IPV4.slice(1) }), /addresses cut short$/],
      ["v2 of UDP", v2({ family: 0x12, rest: IPV4 }), /no stream has$/],
      ["v2 of version 3", v2({ command: 0x31, rest: IPV4 }), /no version 2/],
    ] as const
  ) {
    Deno.test(`${mode}: ${name} ends the connection`, async () => {
      await using backend = serveBackend(echo);
      await using program = await start(mode, backend.address);
      using client = await openRaw(program.address);
      await client.write(concat([header, OPENING]));
      await assertEnds(client);
      const told = await program.entry("connection ended");
      assert.match(String(told.reason), reason);
      assert.match(String(told.client), LOOPBACK);
      assert.equal(backend.count, 0);
    });
  }

  Deno.test(`${mode}: of who isn't trusted nothing is believed`, async () => {
    await using backend = serveBackend(echo);
    await using program = await start(mode, backend.address, { trusted: ["192.0.2.0/24", "unix"] });
    for (const [, header] of HEADERS) {
      using client = await openRaw(program.address);
      if (mode === "required") {
        await assertEnds(client);
        continue;
      }
      await client.write(concat([header, OPENING]));
      assert.equal((await client.head()).status, 400);
    }
    const message = mode === "required" ? "connection ended" : "request refused";
    const told = await program.entry(message, HEADERS.length);
    assert.match(String(told.client), LOOPBACK);
    assert.equal(told.via, undefined);
    if (mode === "optional") await assertOpens(program.address, OPENING);
    assert.equal(backend.count, mode === "optional" ? 1 : 0);
  });

  Deno.test(`${mode}: a header has no longer to come than a head`, async () => {
    await using backend = serveBackend(echo);
    await using program = await start(mode, backend.address, { timeout: 1 });
    using silent = await openRaw(program.address);
    await assertEnds(silent);
    using half = await openRaw(program.address);
    await half.write("PROXY TCP4 192.0.2.1 ");
    await assertEnds(half);
    for (const nth of [1, 2]) {
      const { reason } = await program.entry("connection ended", nth);
      assert.equal(reason, "no PROXY header within 1 seconds");
    }
    using headless = await openRaw(program.address);
    await headless.write(concat([v2({ rest: IPV4 }), bytes("GET / HTTP/1.1\r\n")]));
    assert.equal((await headless.head()).status, 408);
    const { client, status } = await program.entry("request refused");
    assert.deepEqual([client, status], ["192.0.2.1:51000", 408]);
  });
}

Deno.test("required: a connection that begins with its request is ended, optional: it is the proxy's own", async () => {
  await using backend = serveBackend(echo);
  await using strict = await start("required", backend.address);
  for (const begin of ["GET / HTTP/1.1\r\n", "\r\nGET /", "POST", "\x16\x03\x01", "\0"]) {
    using client = await openRaw(strict.address);
    await client.write(begin);
    await assertEnds(client);
  }
  assert.equal((await strict.entry("connection ended", 5)).reason, "no PROXY header");
  // The listener beside it takes none.
  await assertOpens(strict.addresses[1]!, OPENING);
  assert.equal(backend.count, 1);
  await using lenient = await start("optional", backend.address);
  for (const at of [0, 1, 2, 4]) {
    await assertOpens(lenient.address, OPENING.subarray(0, at), OPENING.subarray(at));
  }
  // An empty line may stand before a request, which a header of version 2 begins with as well.
  await assertOpens(lenient.address, bytes("\r"), bytes("\n"), OPENING);
  assert.match(String((await lenient.entry("tunnel opened", 5)).client), LOOPBACK);
});

Deno.test("one header is read: a second is no request, and neither is one on a plain listener", async () => {
  await using backend = serveBackend(echo);
  await using program = await start("required", backend.address);
  const header = v1("TCP4 192.0.2.1 203.0.113.9 51000 443");
  for (const second of [header, v2({ rest: IPV4 })]) {
    using twice = await openRaw(program.address);
    await twice.write(concat([header, second, OPENING]));
    assert.equal((await twice.head()).status, 400);
    using plain = await openRaw(program.addresses[1]!);
    await plain.write(concat([second, OPENING]));
    assert.equal((await plain.head()).status, 400);
  }
  const told = await program.entry("request refused", 2);
  assert.match(String(told.client), LOOPBACK);
  const reasons = program.entries("request refused").map(({ reason }) => reason);
  assert.ok(reasons.includes("a PROXY protocol header, which is not taken from here"));
  assert.equal(backend.count, 0);
});

Deno.test("a header's client is believed who it speaks for where it is trusted, and not elsewhere", async () => {
  await using backend = serveBackend(echo);
  await using program = await start("required", backend.address, {
    trusted: ["127.0.0.1", "10.0.0.0/8"],
  });
  const opening = (source: string) =>
    concat([
      v1(`TCP4 ${source} 203.0.113.9 51000 443`),
      bytes(handshake("/", { "X-Forwarded-For": "203.0.113.6, 198.51.100.7" })),
      frame(Opcode.BINARY, "early"),
    ]);
  await assertOpens(program.address, opening("10.1.2.3"));
  await assertOpens(program.address, opening("192.0.2.1"));
  const clients = [1, 2].map((nth) => program.entry("tunnel opened", nth));
  const [trusted, other] = await Promise.all(clients);
  assert.equal(trusted!.client, "198.51.100.7");
  assert.equal(other!.client, "192.0.2.1:51000");
  for (const { via } of [trusted!, other!]) assert.match(String(via), LOOPBACK);
});

Deno.test("a proxy by a socket's file names its client where unix is trusted, and is ended where it isn't", async () => {
  const folder = await Deno.makeTempDir();
  await using backend = serveBackend(echo);
  try {
    for (const trusted of ["unix", "127.0.0.1"]) {
      await using program = await startFor(PLAIN, backend.address, {
        top: `listen = { address = "unix:${folder}/s.sock", proxy-protocol = "required" }
trusted-proxies = ["${trusted}"]`,
        wstunnel: 'frame-type = "binary"',
        listen: [],
        listeners: 1,
      });
      if (trusted === "unix") {
        const header = v1("TCP4 192.0.2.1 203.0.113.9 51000 443");
        await assertOpens(program.address, concat([header, OPENING]));
        const { client, via } = await program.entry("tunnel opened");
        assert.deepEqual([client, via], ["192.0.2.1:51000", "unix"]);
      } else {
        using client = await openRaw(program.address);
        await assertEnds(client);
        const { reason } = await program.entry("connection ended");
        assert.equal(reason, "no trusted proxy, and one must speak for it");
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("connections per client are counted for whom a header names", async () => {
  await using backend = serveBackend(echo);
  await using program = await startFor(PLAIN, backend.address, {
    top: `listen = { address = "127.0.0.1:0", proxy-protocol = "required" }
trusted-proxies = ["127.0.0.1"]
max-connections-per-client = 2`,
    wstunnel: 'frame-type = "binary"',
    listen: [],
    listeners: 1,
  });
  const statusOf = async (client: RawClient, source: string) => {
    await client.write(concat([v1(`TCP4 ${source} 203.0.113.9 51000 443`), OPENING]));
    return (await client.head()).status;
  };
  const sources = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"];
  const clients: RawClient[] = [];
  try {
    const statuses: number[] = [];
    for (const source of sources) {
      const client = await openRaw(program.address);
      clients.push(client);
      statuses.push(await statusOf(client, source));
    }
    assert.deepEqual(statuses, [101, 101, 429, 101, 101]);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

Deno.test("allow-clients judges whom a header names", async () => {
  await using backend = serveBackend(echo);
  await using program = await start("required", backend.address, {
    wstunnel: 'allow-clients = ["192.0.2.0/24"]',
  });
  await assertOpens(
    program.address,
    concat([v1("TCP4 192.0.2.1 203.0.113.9 51000 443"), OPENING]),
  );
  using client = await openRaw(program.address);
  await client.write(concat([v1("TCP4 198.51.100.1 203.0.113.9 51000 443"), OPENING]));
  assert.equal((await client.head()).status, 403);
});

Deno.test("with the native engine stream carries a listener with proxy-protocol, and the log says so", async () => {
  await using backend = serveBackend(echo);
  await using program = await start("required", backend.address, { engine: "native" });
  const engines = program.log.all.filter((line) => line.includes("listening on"))
    .map((line) => JSON.parse(line).engine);
  assert.deepEqual(engines, ["stream", "native"]);
  await assertOpens(
    program.address,
    concat([v1("TCP4 192.0.2.1 203.0.113.9 51000 443"), OPENING]),
  );
  await assertOpens(program.addresses[1]!, OPENING);
  await eventually("both tunnels", () => program.entries("tunnel opened").length === 2);
});

Deno.test("connections that are ended for want of a header are told a hundred at once, then summed up", async () => {
  await using backend = serveBackend(echo);
  await using program = await start("required", backend.address, { trusted: ["192.0.2.1"] });
  for (let i = 0; i < 150; i++) {
    using client = await openRaw(program.address);
    await assertEnds(client);
  }
  const lines = () => program.entries("connection ended").length;
  const summed = () =>
    program.entries("more connections ended").reduce((sum, { count }) => sum + Number(count), 0);
  await eventually("each of them to be told of", () => lines() + summed() === 150);
  assert.ok(lines() < 120, `${lines()} lines`);
});

const CURL = installed("curl");

Deno.test({
  name: "curl --haproxy-protocol opens a tunnel, and asks after health" +
    (CURL === null ? " (skipped: curl is not installed)" : ""),
  ignore: CURL === null,
  async fn() {
    await using backend = serveBackend(async ({ write }) => await write("greeting"));
    await using program = await start("required", backend.address);
    const curl = async (path: string, ...args: string[]) => {
      const output = await new Deno.Command(CURL!, {
        args: [
          "-sS",
          "--haproxy-protocol",
          "-m",
          "10",
          ...args,
          `http://${program.address}${path}`,
        ],
        stdout: "piped",
        stderr: "piped",
      }).output();
      return new TextDecoder("latin1").decode(output.stdout);
    };
    assert.equal(await curl("/healthz"), "ok\n");
    const fields = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${SAMPLE_KEY}`,
    ].flatMap((field) => ["-H", field]);
    assert.match(await curl("/", ...fields), /greeting/);
    const { client, via } = await program.entry("tunnel opened");
    // It names itself.
    assert.equal(client, via);
    assert.match(String(client), LOOPBACK);
  },
});

/** The stream engine's HTTP in front: what is refused, byte for byte, and that the answer always arrives. */
import assert from "node:assert/strict";
import { listenSilently } from "../support/backends.ts";
import { closeQuietly, concat, connect, createReader, writeAll } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { handshake } from "../support/raw_client.ts";
import { testEngines, testEnginesThat } from "../e2e/drivers.ts";
import { ask, endOfRefused, withEndpoint } from "./ask.ts";
import { type Endpoint, openEndpoint } from "./endpoint.ts";

const encoder = new TextEncoder();

/** Header fields of a whole handshake but for what is given. */
function withLine(line: string): string {
  return handshake("/", {}, line);
}

function headers(count: number): string {
  const more = Array.from({ length: count - 5 }, (_, i) => `X-${i}: x\r\n`).join("");
  return handshake().replace(/\r\n$/, more + "\r\n");
}

const TIMEOUT_MS = 300;

/** What the log has of refusals. */
function refusals({ log }: Endpoint): string[] {
  return log.filter((line) => line.includes("request refused"));
}

const ENDING = "\r\n\r\n";

/** RFC 9112, RFC 9110 and the limits of the head. */
const REFUSALS: readonly (readonly [what: string, request: string, status: number])[] = [
  ["414: a request line over 8192 bytes", withLine(`GET /${"a".repeat(8192)} HTTP/1.1`), 414],
  ["414: a request line without an end", "GET /" + "a".repeat(8300), 414],
  ["431: a head over 16384 bytes", handshake("/", { "X-Long": "a".repeat(16384) }), 431],
  ["431: a head without an end", `GET / HTTP/1.1\r\nX: ${"a".repeat(16400)}`, 431],
  ["431: 101 headers", headers(101), 431],
  ["505: HTTP/2.0", withLine("GET / HTTP/2.0"), 505],
  ["505: HTTP/1.2", withLine("GET / HTTP/1.2"), 505],
  ["505: the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["400: no version", "GET /" + ENDING, 400],
  ["400: a version in lower case", withLine("GET / http/1.1"), 400],
  ["400: two spaces", withLine("GET  / HTTP/1.1"), 400],
  ["400: a method that is no token", withLine("G@T / HTTP/1.1"), 400],
  ["400: a target that is no path", withLine("GET x HTTP/1.1"), 400],
  ["400: a fragment", withLine("GET /#x HTTP/1.1"), 400],
  ["400: a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + ENDING, 400],
  ["400: a folded header", handshake("/", { "X-A": "1\r\n 2" }), 400],
  ["400: a space before a colon", handshake("/", { "X-A ": "1" }), 400],
  ["400: a header without a colon", "GET / HTTP/1.1\r\nHost" + ENDING, 400],
  ["400: an empty header name", handshake("/", { "": "1" }), 400],
  ["400: a bare line feed", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["400: a bare carriage return", handshake("/", { "X-A": "1\r2" }), 400],
  ["400: a NUL", handshake("/", { "X-A": "1\x002" }), 400],
  ["400: Host twice", handshake("/", { "host": "b" }), 400],
  ["400: no Host", handshake("/", { Host: null }), 400],
  ["400: a Host that is none", handshake("/", { Host: "a b@c/" }), 400],
  ["400: a body with an upgrade", handshake("/", { "Content-Length": "3" }) + "abc", 400],
  ["400: a chunked body", handshake("/", { "Transfer-Encoding": "chunked" }) + "0\r\n\r\n", 400],
  ["400: two lengths", handshake("/", { "Content-Length": "0", "content-length": "0" }), 400],
  ["400: no key", handshake("/", { "Sec-WebSocket-Key": null }), 400],
  ["400: a key of 15 bytes", handshake("/", { "Sec-WebSocket-Key": btoa("x".repeat(15)) }), 400],
  ["400: a key of 17 bytes", handshake("/", { "Sec-WebSocket-Key": btoa("x".repeat(17)) }), 400],
  ["426: no upgrade", "GET / HTTP/1.1\r\nHost: a" + ENDING, 426],
  ["426: POST", withLine("POST / HTTP/1.1"), 426],
  ["426: HTTP/1.0", withLine("GET / HTTP/1.0"), 426],
  ["426: version 8", handshake("/", { "Sec-WebSocket-Version": "8" }), 426],
  ["426: version 13 twice", handshake("/", { "Sec-WebSocket-Version": "13, 13" }), 426],
];

testEnginesThat(
  "answer any head",
  "what is no handshake gets an answer that says why, and the connection ends",
  async (engine) => {
    await withEndpoint(engine, async (endpoint, backend) => {
      for (const [what, request, status] of REFUSALS) {
        const { line, headers, body, end } = await ask(endpoint, request);
        assert.match(line, new RegExp(`^HTTP/1\\.1 ${status} [A-Z][A-Za-z ]+$`), what);
        assert.equal(headers.get("content-length"), String(encoder.encode(body).length), what);
        assert.match(body, /^[^\n]+\n$/, what);
        assert.match(headers.get("connection") ?? "", /^close(, upgrade)?$/, what);
        assert.ok(Math.abs(Date.parse(headers.get("date") ?? "") - Date.now()) < 60_000, what);
        const version = what.startsWith("426: version") ? "13" : null;
        assert.equal(headers.get("sec-websocket-version"), version, what);
        assert.equal(headers.get("upgrade"), status === 426 ? "websocket" : null, what);
        assert.equal(end, "fin", what);
      }
      assert.equal(backend.count, 0, "no backend was bothered");
    });
  },
);

testEnginesThat("answer any head", "what is at the limits of a head is taken", async (engine) => {
  const heads = [
    withLine(`GET /${"a".repeat(8192 - "GET / HTTP/1.1".length)} HTTP/1.1`),
    handshake("/", { "X-Long": "a".repeat(16384 - handshake("/", { "X-Long": "" }).length) }),
    headers(100),
    "\r\n" + handshake(),
    withLine("GET http://example.com/ HTTP/1.1"),
    handshake("/", { Upgrade: "WebSocket", Connection: "keep-alive, UPGRADE" }),
    handshake("/", { "X-Empty": "", "Content-Length": "0" }),
  ];
  await withEndpoint(engine, async (endpoint, backend) => {
    for (const head of heads) {
      const close = Uint8Array.of(0x88, 0x80, 0, 0, 0, 0);
      const answering = ask(endpoint, concat([encoder.encode(head), close]));
      (await backend.take()).close();
      const { line, body } = await answering;
      assert.equal(line, "HTTP/1.1 101 Switching Protocols", head.slice(0, 99));
      assert.ok(["\x88\x00", "\ufffd\x00"].includes(body), JSON.stringify(body));
    }
  });
});

testEnginesThat(
  "answer any head",
  "the answer to HEAD has the length of its body and no body, also where it is malformed",
  async (engine) => {
    const requests: [rest: string, status: number][] = [
      [" / HTTP/1.1\r\nHost: a" + ENDING, 426],
      [" / HTTP/1.1\r\nHost: a\r\nHost: b" + ENDING, 400],
      [" /#x HTTP/1.1" + ENDING, 400],
      [" / HTTP/2.0" + ENDING, 505],
      [` / HTTP/1.1\r\n${"X: x\r\n".repeat(101)}` + ENDING.slice(2), 431],
      [" / HTTP/1.1\r\nHost: a", 408],
    ];
    await withEndpoint(engine, async (endpoint) => {
      for (const [rest, status] of requests) {
        // One after the other: the time that passes for one passes for both.
        const get = await ask(endpoint, `GET${rest}`, TIMEOUT_MS);
        const head = await ask(endpoint, `HEAD${rest}`, TIMEOUT_MS);
        assert.match(head.line, new RegExp(` ${status} `), rest);
        assert.deepEqual([head.line, head.body], [get.line, ""], rest);
        assert.ok(Number(head.headers.get("content-length")) > 0, rest);
        assert.ok(get.body.length > 0, rest);
      }
    }, { top: `handshake-timeout = ${TIMEOUT_MS / 1000}` });
  },
);

testEnginesThat(
  "answer any head",
  "a head as large as `max-head` is taken, whole and in pieces, and no larger one",
  async (engine) => {
    await withEndpoint(engine, async (endpoint) => {
      const withHeader = (bytes: number) => {
        const empty = handshake("/", { Cookie: "" }).length;
        return encoder.encode(handshake("/", { Cookie: "c".repeat(bytes - empty) }));
      };
      for (const pieceBytes of [65_536, 1_000]) {
        const connection = await connect(endpoint.address);
        const head = withHeader(65_536);
        for (let at = 0; at < head.length; at += pieceBytes) {
          await writeAll(connection, head.subarray(at, at + pieceBytes));
        }
        assert.match(await createReader(connection).through("\r\n", "an answer"), / 101 /);
        closeQuietly(connection);
      }
      const { line, body } = await ask(endpoint, withHeader(65_537));
      assert.match(line, / 431 /);
      assert.equal(body, "a head over 65536 bytes\n");
    }, { top: 'max-head = "64KiB"' });
  },
);

testEnginesThat(
  "end the connection behind a refusal",
  "a client that goes on sending gets its refusal whole, without a reset",
  async (engine) => {
    const requests = [
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000" + ENDING,
      "nonsense" + ENDING,
      "GET / HTTP/1.1\r\nX: " + "x".repeat(17000),
    ];
    await withEndpoint(engine, async (endpoint) => {
      for (const request of requests) {
        const answered = await ask(
          endpoint,
          concat([encoder.encode(request), new Uint8Array(3_000_000)]),
        );
        assert.match(answered.line, / 4\d\d /);
        assert.equal(answered.body.length, Number(answered.headers.get("content-length")));
        assert.equal(answered.end, "fin");
      }
    });
  },
);

testEnginesThat(
  "end the connection behind a refusal",
  "of pipelined requests the first is answered, and the connection ends",
  async (engine) => {
    await withEndpoint(engine, async (endpoint) => {
      const request = "GET / HTTP/1.1\r\nHost: a" + ENDING;
      const { body, end } = await ask(endpoint, request + request);
      assert.equal(body.split("\n").length, 2);
      assert.equal(end, "fin");
    });
  },
);

testEnginesThat(
  "time a head out",
  "a client without a whole head gets 408 when its time is over",
  async (engine) => {
    await withEndpoint(engine, async (endpoint) => {
      const starts = ["", "G", "\r\n", "GET / HTTP/1.1\r\nHost: a", handshake().slice(0, -1)];
      const asking = starts.map((start) => ask(endpoint, start));
      await eventually("all of them to be there", () => endpoint.connections === starts.length);
      endpoint.pass(TIMEOUT_MS - 1);
      assert.deepEqual(refusals(endpoint), [], "not before its time");
      endpoint.pass(1);
      for (const { line, body, end } of await Promise.all(asking)) {
        assert.equal(line, "HTTP/1.1 408 Request Timeout");
        assert.equal(body, "no request within 0.3 seconds\n");
        assert.equal(end, "fin");
      }
    }, { top: `handshake-timeout = ${TIMEOUT_MS / 1000}` });
  },
);

testEnginesThat(
  "time a head out",
  "a client that sends its head byte by byte gets no more time for it",
  async (engine) => {
    await withEndpoint(engine, async (endpoint) => {
      const connection = await connect(endpoint.address);
      await eventually("it to be there", () => endpoint.connections === 1);
      const request = encoder.encode(`GET / HTTP/1.1\r\nX: ${"x".repeat(TIMEOUT_MS)}`);
      for (let ms = 0; ms < TIMEOUT_MS; ms++) {
        assert.deepEqual(refusals(endpoint), [], `after ${ms} ms`);
        await writeAll(connection, request.subarray(ms, ms + 1));
        await endpoint.sockets.untilRead(connection);
        endpoint.pass(1);
      }
      assert.match(await createReader(connection).through("\r\n", "an answer"), / 408 /);
      closeQuietly(connection);
    }, { top: `handshake-timeout = ${TIMEOUT_MS / 1000}` });
  },
);

testEnginesThat(
  "answer any head",
  "clients that leave before their head is whole leave nothing behind",
  async (engine) => {
    await withEndpoint(engine, async (endpoint) => {
      const connections = await Promise.all(
        Array.from({ length: 20 }, () => connect(endpoint.address)),
      );
      await Promise.all(
        connections.map((connection) => writeAll(connection, encoder.encode("GE"))),
      );
      await eventually("them to be there", () => endpoint.connections === 20);
      connections.forEach(closeQuietly);
      await eventually("them to be gone", () => endpoint.connections === 0);
    });
  },
);

testEngines(
  "a client that leaves while its backend is connected ends the attempt",
  async (engine) => {
    using silent = await listenSilently();
    await using endpoint = openEndpoint(engine, silent.address, { host: "connect-timeout = 600" });
    const connection = await connect(endpoint.address);
    await writeAll(connection, encoder.encode(handshake()));
    await eventually("the attempt", () => endpoint.load > 0);
    closeQuietly(connection);
    await eventually("the end of the attempt", () => endpoint.load === 0);
  },
);

testEngines("frames sent while the backend is connected are not lost", async (engine) => {
  await withEndpoint(engine, async (endpoint, backend) => {
    // One behind the head, the others with later reads, as the backend is slow to be reached or not.
    const connection = await connect(endpoint.address);
    const message = Uint8Array.of(0x82, 0x83, 0, 0, 0, 0, 97, 98, 99);
    await writeAll(connection, concat([encoder.encode(handshake()), message]));
    for (let i = 0; i < 20; i++) await writeAll(connection, message);
    const taken = await backend.take();
    const delivered = await taken.reader.exactly(63, "all messages");
    assert.equal(new TextDecoder().decode(delivered), "abc".repeat(21));
    closeQuietly(connection);
    await taken.reader.rest("the end");
    taken.close();
  });
});

testEngines("frames behind the head that fill buffers arrive whole", async (engine) => {
  await withEndpoint(engine, async (endpoint, backend) => {
    for (const size of [505, 506, 507, 700, 1017, 1018, 1019, 2000, 60_000, 200_000]) {
      const payload = new Uint8Array(size).map((_, i) => i * 7);
      const header = new Uint8Array([
        0x82,
        0xff,
        0,
        0,
        0,
        0,
        size >> 24,
        size >> 16,
        size >> 8,
        size,
      ]);
      const minimal = size < 126
        ? Uint8Array.of(0x82, 0x80 | size)
        : size < 65536
        ? Uint8Array.of(0x82, 0xfe, size >> 8, size)
        : header;
      const frame = concat([minimal, new Uint8Array(4), payload]);
      const connection = await connect(endpoint.address);
      await writeAll(connection, concat([encoder.encode(handshake()), frame, frame]));
      const taken = await backend.take();
      const delivered = await taken.reader.exactly(2 * size, "both messages");
      assert.deepEqual(delivered, concat([payload, payload]), `${size}`);
      closeQuietly(connection);
      await taken.reader.rest("the end");
      taken.close();
    }
  });
});

testEngines("a listener that closes answers those who wait for a backend", async (engine) => {
  using silent = await listenSilently();
  const endpoint = openEndpoint(engine, silent.address);
  const answering = ask(endpoint, handshake());
  await silent.tried();
  await endpoint.stopListening();
  const { line, end } = await answering;
  assert.match(line, / 503 /);
  assert.equal(end, endOfRefused(engine));
  await endpoint[Symbol.asyncDispose]();
});

testEnginesThat(
  "end the connection behind a refusal",
  "a refusal reaches a client that has sent much behind its head",
  async (engine) => {
    await withEndpoint(engine, async (endpoint) => {
      const behind = "x".repeat(100_000);
      for (
        const [head, status] of [
          ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
          [`GET / HTTP/1.1\r\nHost: a\r\nLong: ${"y".repeat(20_000)}\r\n\r\n`, 431],
          [handshake("/", { "Sec-WebSocket-Version": "8" }), 426],
          [handshake("/", { Upgrade: null }), 426],
        ] as const
      ) {
        const { line, end } = await ask(endpoint, head + behind);
        assert.match(line, new RegExp(` ${status} `));
        assert.equal(end, "fin");
      }
    });
  },
);

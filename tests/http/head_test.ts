import assert from "node:assert/strict";
import { MAX_HEADERS } from "../../lib/http/fields.ts";
import { HeadParser, MAX_HEAD_BYTES, type ParsedHead } from "../../lib/http/head.ts";
import { feedHead } from "./head_feed.ts";

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const MAX_REQUEST_LINE_BYTES = MAX_HEAD_BYTES / 2;

/** Parses a text in every cut in two, byte by byte and whole, which must all give the same. */
function parse(text: string): ParsedHead {
  const input = latin1(text);
  const whole = feedHead(input, 0, () => input.length);
  const brief = (parsed: ParsedHead) =>
    typeof parsed === "string" ? parsed : "problem" in parsed ? parsed.problem : parsed.end;
  assert.deepEqual(brief(feedHead(input, 3, () => 1)), brief(whole), "byte by byte");
  if (input.length > 2000) return whole;
  for (let at = 1; at < input.length; at++) {
    let piece = at;
    const cut = feedHead(input, 1, () => {
      const now = piece;
      piece = input.length;
      return now;
    });
    assert.deepEqual(brief(cut), brief(whole), `cut at ${at}`);
  }
  return whole;
}

function parseGood(text: string) {
  const parsed = parse(text);
  if (parsed === "incomplete" || "problem" in parsed) {
    assert.fail(`${JSON.stringify(text)}: ${JSON.stringify(parsed)}`);
  }
  return parsed;
}

function get(fields: string): string {
  return `GET / HTTP/1.1\r\n${fields}\r\n\r\n`;
}

Deno.test("`HeadParser` reads a browser's upgrade, and says where the frames begin", () => {
  const text = "GET /websockify?token=a%20b HTTP/1.1\r\n" +
    "Host: localhost:8080\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
    "Origin: http://localhost:8080\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: binary\r\n\r\n";
  const { head, end } = parseGood(text + "\x82\x85frames\r\n\r\n");
  assert.equal(end, text.length);
  assert.equal(head.method, "GET");
  assert.equal(head.target, "/websockify?token=a%20b");
  assert.equal(head.version, "1.1");
  assert.equal(head.headers.get("host"), "localhost:8080");
  assert.equal(head.headers.get("sec-websocket-key"), "dGhlIHNhbXBsZSBub25jZQ==");
  assert.equal(head.headers.get("cookie"), null);
});

Deno.test("`HeadParser` reads a head without headers", () => {
  assert.equal(parseGood("GET / HTTP/1.0\r\n\r\n").head.version, "1.0");
});

Deno.test("`HeadParser` passes over one empty line in front (RFC 9112 section 2.2)", () => {
  assert.equal(parseGood("\r\nGET / HTTP/1.1\r\n\r\n").head.target, "/");
  assert.deepEqual(parse("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), {
    problem: { status: 400, reason: "a request line that is not method, target, version" },
  });
});

Deno.test("`HeadParser` reads field values as they are meant", () => {
  const cases: [lines: string, name: string, value: string | null][] = [
    ["A:b", "a", "b"],
    ["A: b", "a", "b"],
    ["A: \t b c\td \t ", "a", "b c\td"],
    ["A:", "a", ""],
    ["A: \t ", "a", ""],
    ["A: :b:", "a", ":b:"],
    ["ABC-d: x", "abc-d", "x"],
    ["A: b", "A", null],
    // RFC 9110 section 5.3: lists.
    ["A: b\r\nC: x\r\na: c", "a", "b, c"],
    ["A: b\r\nA:\r\nA: c", "a", "b, , c"],
    // RFC 9110 section 5.5: obs-text; no space but SP and HTAB is trimmed.
    ["A: \xa0\xe9\x85", "a", "\xa0\xe9\x85"],
    // RFC 9110 section 5.6.2: every character of a token.
    ["!#$%&'*+-.^_`|~09AZaz: x", "!#$%&'*+-.^_`|~09azaz", "x"],
    ["__proto__: x", "__proto__", "x"],
    ["A: b", "constructor", null],
  ];
  for (const [lines, name, value] of cases) {
    assert.equal(parseGood(get(lines)).head.headers.get(name), value, lines);
  }
});

Deno.test("`HeadParser` takes origin-form and absolute-form (RFC 9112 section 3.2)", () => {
  const cases: [target: string, path: string, host: string][] = [
    ["/", "/", "h"],
    ["//a/b", "//a/b", "h"],
    ["/a?b=/c?d", "/a?b=/c?d", "h"],
    ['/%00"{}|\\^', '/%00"{}|\\^', "h"],
    ["http://Other:81/a?b", "/a?b", "Other:81"],
    ["HTTPS://other", "/", "other"],
    ["ws://[::1]:80/?q", "/?q", "[::1]:80"],
    ["wss://other/@", "/@", "other"],
  ];
  for (const [target, path, host] of cases) {
    const { head } = parseGood(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.deepEqual([head.target, head.headers.get("host")], [path, host], target);
  }
  const { head } = parseGood("GET http://other/ HTTP/1.1\r\n\r\n");
  assert.equal(head.headers.get("host"), null, "a missing Host stays missing");
});

Deno.test("`HeadParser` refuses a request line that is not exactly one", () => {
  const cases: [line: string, status: number][] = [
    ["GET", 400],
    ["GET /", 400],
    ["GET  / HTTP/1.1", 400],
    ["GET /  HTTP/1.1", 400],
    ["GET\t/\tHTTP/1.1", 400],
    [" GET / HTTP/1.1", 400],
    ["GET / HTTP/1.1 ", 400],
    ["GET /a b HTTP/1.1", 400],
    ["G(T / HTTP/1.1", 400],
    ["G\xc9T / HTTP/1.1", 400],
    ["GET / http/1.1", 400],
    ["GET / HTTP/1.10", 400],
    ["GET / HTTP/11", 400],
    ["GET / HTTP/x.y", 400],
    ["GET / HTCPCP/1.0", 400],
    ["GET / HTTP/0.9", 505],
    ["GET / HTTP/1.2", 505],
    ["GET / HTTP/2.0", 505],
    ["PRI * HTTP/2.0", 505],
    ["GET * HTTP/1.1", 400],
    ["OPTIONS * HTTP/1.1", 400],
    ["CONNECT h:80 HTTP/1.1", 400],
    ["GET a HTTP/1.1", 400],
    ["GET /\xe9 HTTP/1.1", 400],
    ["GET /#x HTTP/1.1", 400],
    ["GET ftp://h/ HTTP/1.1", 400],
    ["GET http:/// HTTP/1.1", 400],
    ["GET http://u:p@h/ HTTP/1.1", 400],
    ["GET http://h?/vnc HTTP/1.1", 400],
    ["GET http://h\\/vnc HTTP/1.1", 400],
    ["SSH-2.0-OpenSSH_9.2", 400],
  ];
  for (const [line, status] of cases) {
    const parsed = parse(`${line}\r\nHost: h\r\n\r\n`);
    if (parsed === "incomplete" || "head" in parsed) assert.fail(line);
    assert.equal(parsed.problem.status, status, line);
    // It doesn't wait for the headers.
    assert.deepEqual(parse(`${line}\r\n`), parsed, line);
  }
});

const PROXY_HEADER = "a PROXY protocol header, which is not taken from here";

Deno.test("`HeadParser` refuses lines that two readers could understand differently", () => {
  const cases: [text: string, reason: string][] = [
    ["GET / HTTP/1.1\nHost: h\r\n\r\n", "a bare line feed"],
    ["GET / HTTP/1.1\r\nHost: h\n\r\n", "a bare line feed"],
    ["GET / HTTP/1.1\r\nHost: h\r\n\n", "a bare line feed"],
    ["\nGET / HTTP/1.1\r\n\r\n", "a bare line feed"],
    ["GET / HTTP/1.1\r\r\n\r\n", "a bare carriage return"],
    ["GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "a bare carriage return"],
    ["GET / HTTP/1.1\r\nA: b\r\n\r\r\n", "a bare carriage return"],
    [get("A: b\0c"), "a control character"],
    [get("A: b\x7f"), "a control character"],
    [get("A: b\x0bc"), "a control character"],
    [get("A\x1b: b"), "a control character"],
    ["PROXY TCP4 192.0.2.1 203.0.113.9 51000 443\r\n" + get(""), PROXY_HEADER],
    ["PROXY UNKNOWN\r\n" + get(""), PROXY_HEADER],
    ["\x16\x03\x01\x02\x00\x01", "a TLS handshake: wss:// and https:// are not spoken here"],
    ["\x17\x03\x01", "a control character"],
    [get("A: b\r\n c: d"), "a folded header"],
    [get("A: b\r\n\tc: d"), "a folded header"],
    [get(" A: b"), "a folded header"],
    [get("A : b"), "a space before the colon of a header"],
    [get("A\t: b"), "a space before the colon of a header"],
    [get("A b: c"), "a header name that is no token"],
    [get("A(b): c"), "a header name that is no token"],
    [get("\xc4: b"), "a header name that is no token"],
    [get(": b"), "a header name that is no token"],
    [get("A"), "a header without a colon"],
    [get("A\r\nB: c"), "a header without a colon"],
  ];
  for (const [text, reason] of cases) {
    assert.deepEqual(parse(text), { problem: { status: 400, reason } }, JSON.stringify(text));
  }
});

Deno.test("`HeadParser` refuses what could hide a second request, and a body with an upgrade", () => {
  const cases: [lines: string, reason: string | null][] = [
    ["Host: a\r\nhost: a", "host twice"],
    ["Content-Length: 0\r\nContent-Length: 0", "content-length twice"],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "transfer-encoding twice"],
    ["Content-Length: 1, 1", "a bad content-length"],
    ["Content-Length: -1", "a bad content-length"],
    ["Content-Length: 0x0", "a bad content-length"],
    ["Content-Length:", "a bad content-length"],
    ["Content-Length: 0\r\nTransfer-Encoding: chunked", "content-length with transfer-encoding"],
    ["Upgrade: websocket\r\nContent-Length: 1", "a body with an upgrade"],
    ["Upgrade: websocket\r\nContent-Length: 10", "a body with an upgrade"],
    ["Upgrade: websocket\r\nTransfer-Encoding: chunked", "a body with an upgrade"],
    ["Upgrade: websocket\r\nContent-Length: 0", null],
    ["Content-Length: 10", null],
    ["Transfer-Encoding: chunked", null],
  ];
  for (const [lines, reason] of cases) {
    if (reason === null) parseGood(get(lines));
    else assert.deepEqual(parse(get(lines)), { problem: { status: 400, reason } }, lines);
  }
});

Deno.test("`HeadParser` takes a request line of 8192 bytes, answers a longer one with 414", () => {
  const line = (length: number) => `GET /${"x".repeat(length - 14)} HTTP/1.1`;
  assert.equal(line(MAX_REQUEST_LINE_BYTES).length, MAX_REQUEST_LINE_BYTES);
  parseGood(`${line(MAX_REQUEST_LINE_BYTES)}\r\n\r\n`);
  const tooLong = { problem: { status: 414, reason: "a request line over 8192 bytes" } };
  assert.deepEqual(parse(`${line(MAX_REQUEST_LINE_BYTES + 1)}\r\n\r\n`), tooLong);
  assert.deepEqual(parse("x".repeat(MAX_REQUEST_LINE_BYTES + 1)), tooLong);
  assert.equal(parse("x".repeat(MAX_REQUEST_LINE_BYTES)), "incomplete");
  assert.deepEqual(parse("x".repeat(MAX_REQUEST_LINE_BYTES + 1) + "\0"), tooLong);
});

Deno.test("`HeadParser` takes a head of 16384 bytes, answers a larger one with 431", () => {
  const head = (bytes: number) => get(`A: ${"x".repeat(bytes - get("A: ").length)}`);
  assert.equal(parseGood(head(MAX_HEAD_BYTES) + "frames").end, MAX_HEAD_BYTES);
  const tooLarge = { problem: { status: 431, reason: "a head over 16384 bytes" } };
  for (let more = 1; more < 6; more++) {
    assert.deepEqual(parse(head(MAX_HEAD_BYTES + more)), tooLarge);
  }
  assert.equal(parse(head(MAX_HEAD_BYTES).slice(0, -1)), "incomplete");
});

Deno.test("`HeadParser` takes a head as large as it is told, half of it the request line", () => {
  const read = (text: string) => new HeadParser(1000).parse(latin1(text), 0, text.length);
  const problemOf = (parsed: ParsedHead) =>
    typeof parsed === "object" && "problem" in parsed ? parsed.problem : null;
  const head = (bytes: number) => get(`A: ${"x".repeat(bytes - get("A: ").length)}`);
  assert.equal(problemOf(read(head(1000))), null);
  assert.deepEqual(problemOf(read(head(1001))), { status: 431, reason: "a head over 1000 bytes" });
  const line = (bytes: number) => `GET /${"x".repeat(bytes - 14)} HTTP/1.1\r\n\r\n`;
  assert.equal(problemOf(read(line(500))), null);
  assert.deepEqual(problemOf(read(line(501))), {
    status: 414,
    reason: "a request line over 500 bytes",
  });
});

Deno.test("`HeadParser` takes 100 headers, answers more with 431", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `A${i}: b`).join("\r\n");
  parseGood(get(lines(MAX_HEADERS)));
  assert.deepEqual(parse(get(lines(MAX_HEADERS + 1))), {
    problem: { status: 431, reason: "more than 100 headers" },
  });
});

Deno.test("`HeadParser` goes on where a head was moved to", () => {
  const input = latin1(get("Host: h"));
  const buffer = new Uint8Array(200);
  const parser = new HeadParser();
  buffer.set(input.subarray(0, 20), 100);
  assert.equal(parser.parse(buffer, 100, 120), "incomplete");
  buffer.copyWithin(0, 100, 120);
  buffer.set(input.subarray(20), 20);
  const parsed = parser.parse(buffer, 0, input.length);
  if (parsed === "incomplete" || "problem" in parsed) assert.fail(JSON.stringify(parsed));
  assert.equal(parsed.head.headers.get("host"), "h");
  assert.equal(parsed.end, input.length);
});

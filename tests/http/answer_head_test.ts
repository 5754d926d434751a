import assert from "node:assert/strict";
import { AnswerHeadParser, type ParsedAnswer } from "../../lib/http/answer_head.ts";
import { MAX_HEADERS } from "../../lib/http/fields.ts";
import { MAX_HEAD_BYTES } from "../../lib/http/head.ts";

const OFFSET = 3;

/** Feeds a text in pieces, behind other bytes. */
function feed(text: string, pieceBytes: number): ParsedAnswer {
  const input = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const buffer = new Uint8Array(OFFSET + input.length);
  const parser = new AnswerHeadParser();
  let parsed: ParsedAnswer = "incomplete";
  for (let fed = 0; fed < input.length && parsed === "incomplete";) {
    const piece = input.subarray(fed, fed + pieceBytes);
    buffer.set(piece, OFFSET + fed);
    fed += piece.length;
    parsed = parser.parse(buffer, OFFSET, OFFSET + fed);
  }
  return parsed;
}

/** Parses a text whole, byte by byte and in pieces, which must all give the same. */
function parse(text: string): ParsedAnswer {
  const whole = feed(text, text.length);
  const brief = (parsed: ParsedAnswer) =>
    typeof parsed === "string" ? parsed : "problem" in parsed ? parsed.problem : parsed.end;
  for (const pieceBytes of [1, 2, 7, 61]) {
    assert.deepEqual(brief(feed(text, pieceBytes)), brief(whole), `in pieces of ${pieceBytes}`);
  }
  return whole;
}

Deno.test("`AnswerHeadParser` reads a status line and fields, and says where the rest begins", () => {
  const cases: [line: string, version: string, status: number, reasonPhrase: string][] = [
    ["HTTP/1.1 101 Switching Protocols", "1.1", 101, "Switching Protocols"],
    ["HTTP/1.0 200 OK", "1.0", 200, "OK"],
    ["HTTP/1.1 503 ", "1.1", 503, ""],
    ["HTTP/1.1 404", "1.1", 404, ""],
    ["HTTP/1.1 599 n\xe9\t!", "1.1", 599, "n\xe9\t!"],
  ];
  for (const [line, ...expected] of cases) {
    const text = `${line}\r\nUpgrade:  websocket \r\nX: a\r\nx:b\r\n\r\n`;
    const parsed = parse(text + "\x88\0");
    assert(parsed !== "incomplete" && !("problem" in parsed), line);
    const { head, end } = parsed;
    assert.deepEqual([head.version, head.status, head.reasonPhrase], expected);
    assert.equal(end, OFFSET + text.length);
    const { headers } = head;
    assert.deepEqual(["upgrade", "x", "y"].map(headers.get), ["websocket", "a, b", null]);
  }
});

Deno.test("`AnswerHeadParser` waits for the empty line", () => {
  const head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  for (let length = 1; length < head.length; length++) {
    assert.equal(parse(head.slice(0, length)), "incomplete", JSON.stringify(head.slice(0, length)));
  }
});

Deno.test("`AnswerHeadParser` says what is wrong, as soon as that is there", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  const cases: [text: string, problem: string][] = [
    ["S", "is no HTTP"],
    ["SSH-2.0-OpenSSH_9\r\n", "is no HTTP"],
    ["\r\nHTTP/1.1 200 OK\r\n", "is no HTTP"],
    ["HTTP/2", "is no HTTP"],
    ["HTTP/1.2 200 OK\r\n", "is no HTTP"],
    ["HTTP/1.1 20 OK\r\n", "is no HTTP"],
    ["HTTP/1.1 600 OK\r\n", "is no HTTP"],
    ["HTTP/1.1 2000\r\n", "is no HTTP"],
    ["HTTP/1.1  200 OK\r\n", "is no HTTP"],
    ["HTTP/1.1 200 OK\n", "has a bare line feed"],
    ["HTTP/1.1 200 O\0", "has a control character"],
    ["HTTP/1.1 200 \x1b[2J", "has a control character"],
    ["HTTP/1.1 200 OK\rX", "has a bare carriage return"],
    [`${ok}A\r\n\r\n`, "has a header without a colon"],
    [`${ok}A : b\r\n\r\n`, "has a space before the colon of a header"],
    [`${ok}A: b\r\n c: d\r\n\r\n`, "has a folded header"],
    [`${ok}A(: b\r\n\r\n`, "has a header name that is no token"],
    [`${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, "has content-length twice"],
    [ok + "A: b\r\n".repeat(MAX_HEADERS + 1) + "\r\n", `has more than ${MAX_HEADERS} headers`],
    [ok + "A".repeat(MAX_HEAD_BYTES), `has a head over ${MAX_HEAD_BYTES} bytes`],
  ];
  for (const [text, problem] of cases) {
    assert.deepEqual(parse(text), { problem }, JSON.stringify(text.slice(0, 60)));
  }
});

Deno.test("`AnswerHeadParser` takes as much as it may, and no more", () => {
  const start = "HTTP/1.1 200 OK\r\nA: ";
  const end = "\r\n\r\n";
  const fill = MAX_HEAD_BYTES - start.length - end.length;
  const parsed = parse(start + "b".repeat(fill) + end);
  assert(parsed !== "incomplete" && !("problem" in parsed));
  const problem = `has a head over ${MAX_HEAD_BYTES} bytes`;
  assert.deepEqual(parse(start + "b".repeat(fill + 1) + end), { problem });
  const most = "HTTP/1.1 200 OK\r\n" + "A: b\r\n".repeat(MAX_HEADERS) + "\r\n";
  assert.notEqual(parse(most), "incomplete");
  assert(!("problem" in (parse(most) as object)));
});

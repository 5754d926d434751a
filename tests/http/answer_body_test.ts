import assert from "node:assert/strict";
import { AnswerBody } from "../../lib/http/answer_body.ts";

const encoder = new TextEncoder();

/** Feeds a body in pieces; gives its text and how it stands, or what is wrong. */
function feed(fields: Record<string, string>, text: string, pieceBytes: number, status = 200) {
  const headers = { get: (name: string) => fields[name] ?? null };
  const body = new AnswerBody({ version: "1.1", status, reasonPhrase: "", headers });
  const input = encoder.encode(text);
  const decoder = new TextDecoder();
  let read = "";
  for (let at = 0; at < input.length; at += pieceBytes) {
    const part = body.take(input.slice(at, at + pieceBytes));
    if ("problem" in part) return part.problem;
    for (const bytes of part.parts) read += decoder.decode(bytes, { stream: true });
  }
  return [read, body.isOver, body.mayEnd];
}

Deno.test("`AnswerBody` reads a body by its length, its chunks, or up to the end", () => {
  const CHUNKED = { "transfer-encoding": "chunked" };
  const cases: [Record<string, string>, string, unknown, number?][] = [
    [{ "content-length": "5" }, "helloXX", ["hello", true, true]],
    [{ "content-length": "6" }, "hello", ["hello", false, false]],
    [{ "content-length": "0" }, "x", ["", true, true]],
    [{}, "hello", ["hello", false, true]],
    [{}, "hello", ["", true, true], 204],
    [CHUNKED, "5\r\nhello\r\n0\r\n\r\nX", ["hello", true, true]],
    [CHUNKED, "2;a=b\r\nhe\r\n003\r\nllo\r\n0\r\nT: x\r\n\r\n", ["hello", true, true]],
    [CHUNKED, "A\r\n0123456789\r\n", ["0123456789", false, false]],
    [CHUNKED, "5\nhello\n0\n\n", ["hello", true, true]],
    [{ "transfer-encoding": "gzip, Chunked" }, "1\r\nx\r\n0\r\n\r\n", ["x", true, true]],
    [CHUNKED, "x\r\n", "has a broken chunk"],
    [CHUNKED, "-1\r\n", "has a broken chunk"],
    [CHUNKED, "2\r\nabc\r\n", "has a broken chunk"],
    [CHUNKED, "1".repeat(5000), "has too long a line in its body"],
  ];
  for (const [fields, text, expected, status] of cases) {
    for (const pieceBytes of [1, 2, 3, 7, 10_000]) {
      assert.deepEqual(feed(fields, text, pieceBytes, status), expected, text.slice(0, 40));
    }
  }
});

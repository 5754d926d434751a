import assert from "node:assert/strict";
import { EventStream, type SentEvent } from "../../lib/http/event_stream.ts";

function feed(text: string, pieceLength: number): SentEvent[] {
  const stream = new EventStream();
  const events: SentEvent[] = [];
  for (let at = 0; at < text.length; at += pieceLength) {
    events.push(...stream.take(text.slice(at, at + pieceLength))!);
  }
  return events;
}

Deno.test("`EventStream` reads events, whatever ends their lines and however they come", () => {
  const cases: [string, [name: string, data: string][]][] = [
    ["event: sample\ndata: {}\n\n", [["sample", "{}"]]],
    ["data: a\ndata:b\ndata:  c\n\ndata: d\n\n", [["message", "a\nb\n c"], ["message", "d"]]],
    ["event: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2\r\n\r\n", [["a", "1"], ["b", "2"]]],
    [": a comment\n\nid: 7\nretry: 1\n\ndata\n\n", [["message", ""]]],
    ["event: lost\n\ndata: x\n\n", [["message", "x"]]],
    ["data: not whole\n", []],
    ["data: a: b\n\n", [["message", "a: b"]]],
  ];
  for (const [text, expected] of cases) {
    for (const pieceLength of [1, 2, 5, 1000]) {
      assert.deepEqual(
        feed(text, pieceLength).map(({ name, data }) => [name, data]),
        expected,
        text,
      );
    }
  }
});

Deno.test("`EventStream` keeps no event that has no end", () => {
  const stream = new EventStream();
  const mebibyte = "x".repeat(1024 * 1024);
  let count = 0;
  while (stream.take(`data: ${mebibyte}\n`) !== null) assert.ok(++count < 10);
  assert.ok(count >= 2);
});

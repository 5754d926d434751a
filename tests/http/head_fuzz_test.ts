import assert from "node:assert/strict";
import { type Random, withRandom } from "../support/random.ts";
import { feedHead } from "./head_feed.ts";
import { readHead } from "./head_reference.ts";

const HEADS = 60_000;

const LINES = [
  "GET / HTTP/1.1",
  "GET /ssh?token=1 HTTP/1.1",
  "GET http://Example.com:80/a?b HTTP/1.1",
  "GET wss://h HTTP/1.0",
  "GET WS://h?x HTTP/1.1",
  "PRI * HTTP/2.0",
  "OPTIONS * HTTP/1.1",
  "GET  / HTTP/1.1",
  'get /%20"{} HTTP/1.1',
  "",
];
const FIELDS = [
  "Host: example.com",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version:13",
  "Sec-WebSocket-Protocol: binary",
  "Sec-WebSocket-Protocol:\tbase64 \t ",
  "Content-Length: 0",
  "Content-Length: 10",
  "Transfer-Encoding: chunked",
  "X-Empty:",
  "X-Latin: \xe9\xff",
  "X Bad: 1",
  " folded: 1",
];
/** Bytes that matter to the parser. */
const BYTES = [0, 9, 10, 13, 32, 35, 42, 47, 58, 64, 127, 128, 160, 255];

function makeHead({ below, oneIn, pick }: Random): Uint8Array<ArrayBuffer> {
  const count = oneIn(100) ? 98 + below(5) : below(9);
  const fields = Array.from(
    { length: count },
    () => pick(FIELDS.slice(0, oneIn(5) ? undefined : 7)),
  );
  if (oneIn(200)) fields.push("X-Long: " + "x".repeat(16_000 + below(400)));
  const line = oneIn(200) ? `GET /${"y".repeat(8170 + below(20))} HTTP/1.1` : pick(LINES);
  const empty = oneIn(10) ? "\r\n" : "";
  const text = empty + [line, ...fields].join("\r\n") + "\r\n\r\n" + (oneIn(2) ? "\x82\x80" : "");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function mutate(head: Uint8Array<ArrayBuffer>, { below, pick }: Random): Uint8Array<ArrayBuffer> {
  const at = below(head.length);
  const kind = below(4);
  if (kind === 0) head[at] = pick(BYTES);
  else if (kind === 1) head[at]! ^= 1 << below(8);
  else if (kind === 2) head.copyWithin(at, at + 1);
  else return head.slice(0, at);
  return head;
}

Deno.test("`HeadParser` agrees with a plain reader on random heads, right and damaged", (t) =>
  withRandom(t, (random) => {
    const statuses = new Map<string, number>();
    for (let round = 0; round < HEADS; round++) {
      const right = makeHead(random);
      const input = random.oneIn(2) ? mutate(right, random) : right;
      const expected = readHead(input);
      const most = input.length > 4000 ? 20_000 : random.pick([1, 2, 10, 100, 20_000]);
      const parsed = feedHead(input, random.below(5), () => 1 + random.below(most));
      const where = `round ${round}: ${JSON.stringify(new TextDecoder().decode(input))}`;
      let outcome: string;
      if (parsed === "incomplete" || expected === "incomplete") {
        assert.equal(parsed, expected, where);
        outcome = "incomplete";
      } else if ("problem" in parsed) {
        outcome = String(parsed.problem.status);
        assert.deepEqual(expected, { status: parsed.problem.status }, where);
      } else {
        if ("status" in expected) assert.fail(`${expected.status} expected, ${where}`);
        const { method, target, version, headers } = parsed.head;
        assert.equal(`${method} ${target} ${version}`, expected.line, where);
        for (const [name, value] of expected.fields) assert.equal(headers.get(name), value, where);
        assert.equal(parsed.end, expected.end, where);
        outcome = "head";
      }
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    }
    const outcomes = [...statuses.keys()].sort();
    assert.deepEqual(outcomes, ["400", "414", "431", "505", "head", "incomplete"]);
  }));

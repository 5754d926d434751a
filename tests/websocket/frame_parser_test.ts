import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pingFrame } from "../../lib/websocket/frame.ts";
import { FrameParser, MAX_LEFTOVER_BYTES } from "../../lib/websocket/frame_parser.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { clientFrame, concat, toBytes } from "../support/client_frame.ts";
import { ACCEPTED, type Case, REFUSED } from "./frame_parser_cases.ts";
import { evenly, type Fed, feed, inTwo, pongsFor } from "./frame_feed.ts";

const [BINARY, PING, PONG] = [2, 9, 10];
const BUFFER = wideBytes(new Uint8Array(4096));

function assertFed(fed: Fed, { name, payload, pings, end }: Case, cut: string): void {
  const where = `${name}, ${cut}`;
  assert.deepEqual([...fed.payload], [...toBytes(payload ?? "")], where);
  assert.deepEqual([...fed.pongs], pongsFor((pings ?? []).map(toBytes)), where);
  const expected = end === undefined ? null : { kind: end[0], code: end[1], reason: end[2] };
  assert.deepEqual(fed.end, expected, where);
}

for (const [verb, cases] of [["reads", ACCEPTED], ["refuses", REFUSED]] as const) {
  Deno.test(`\`FrameParser\` ${verb} what RFC 6455 says, cut anywhere`, () => {
    for (const aCase of cases) {
      const input = concat(...aCase.input);
      assertFed(feed(BUFFER, input, evenly(input.length)), aCase, "whole");
      assertFed(feed(BUFFER, input, evenly(1)), aCase, "byte by byte");
      assertFed(
        feed(BUFFER, input, inTwo(1, 1)),
        aCase,
        "byte by byte, payload left in the buffer",
      );
      for (let at = 1; at < input.length; at++) {
        assertFed(feed(BUFFER, input, inTwo(at, input.length)), aCase, `cut at ${at}`);
      }
    }
  });
}

Deno.test("`FrameParser` sees an error as soon as the byte that makes it has come", () => {
  const cases: [name: string, bytes: number[]][] = [
    ["a reserved bit", [0xc2]],
    ["a reserved opcode", [0x83]],
    ["a stray continuation", [0x80]],
    ["a fragmented control frame", [0x09]],
    ["an unmasked frame", [0x82, 0x05]],
    ["a long control frame", [0x89, 0xfe]],
    ["a Close with one byte", [0x88, 0x81]],
    ["a length not minimal, in two bytes", [0x82, 0xfe, 0x00, 0x7d]],
    ["a length with its top bit set", [0x82, 0xff, 0x80]],
    ["a length over 2^53 - 1, first byte", [0x82, 0xff, 0x01]],
    ["a length over 2^53 - 1, second byte", [0x82, 0xff, 0x00, 0x20]],
    ["a length not minimal, in eight bytes", [0x82, 0xff, 0, 0, 0, 0, 0, 0]],
    ["text that is no UTF-8", [0x81, 0xe4, 0, 0, 0, 0, 0x61, 0xc0]],
  ];
  for (const [name, bytes] of cases) {
    BUFFER.bytes.set(bytes);
    const parser = new FrameParser();
    const at = parser.parse(BUFFER, 0, bytes.length - 1);
    assert.equal(parser.ended, null, `${name}: one byte less`);
    parser.parse(BUFFER, at, bytes.length);
    assert.notEqual(parser.ended, null, name);
  }
});

Deno.test("`FrameParser` takes a length of 2^53 - 1 and streams it", () => {
  const frame = clientFrame(BINARY, "abcdefg", { length: 2n ** 53n - 1n });
  const fed = feed(BUFFER, frame, evenly(frame.length));
  assert.equal(new TextDecoder().decode(fed.payload), "abcdefg");
  assert.equal(fed.end, null);
});

Deno.test("`FrameParser` leaves the payload of a single frame where it is", () => {
  const parser = new FrameParser();
  BUFFER.bytes.set(clientFrame(BINARY, "Hello"), 100);
  assert.equal(parser.parse(BUFFER, 100, 111), 111);
  assert.deepEqual([parser.start, parser.end], [106, 111]);
});

Deno.test("`FrameParser` closes the gaps between frames, and adds to payload that is still at hand", () => {
  const parser = new FrameParser();
  const frames = ["one", "two", "three", "four"].map((text) => clientFrame(BINARY, text));
  const input = concat(...frames);
  BUFFER.bytes.set(input);
  const half = frames[0]!.length + frames[1]!.length;
  parser.parse(BUFFER, 0, half);
  assert.deepEqual([parser.start, parser.end], [6, 12]);
  const at = parser.parse(BUFFER, half, input.length);
  assert.equal(at, input.length);
  const text = new TextDecoder().decode(BUFFER.bytes.subarray(parser.start, parser.end));
  assert.equal(text, "onetwothreefour");
});

Deno.test("`FrameParser` leaves the bytes of payload that is at hand alone", () => {
  const parser = new FrameParser();
  BUFFER.bytes.set(concat(clientFrame(BINARY, "in flight"), clientFrame(BINARY, "next")));
  parser.parse(BUFFER, 0, 15);
  const flight = BUFFER.bytes.slice(0, parser.end);
  parser.start = parser.end;
  parser.parse(BUFFER, 15, 25);
  assert.deepEqual(BUFFER.bytes.subarray(0, flight.length), flight);
  const text = new TextDecoder().decode(BUFFER.bytes.subarray(parser.start, parser.end));
  assert.equal(text, "next");
});

Deno.test("`FrameParser` leaves no more than a control frame short of a byte", () => {
  const frame = clientFrame(PING, "p".repeat(125));
  const parser = new FrameParser();
  BUFFER.bytes.set(frame);
  assert.equal(parser.parse(BUFFER, 0, frame.length - 1), 0);
  assert.equal(frame.length - 1, MAX_LEFTOVER_BYTES);
});

Deno.test("`takePongs()` answers the latest Pings when more came than there is room for (5.5.3)", () => {
  const parser = new FrameParser();
  const pings = Array.from({ length: 1000 }, (_, i) => `ping ${i} `.padEnd(i % 126, "."));
  for (const ping of pings) {
    const frame = clientFrame(PING, ping);
    BUFFER.bytes.set(frame);
    parser.parse(BUFFER, 0, frame.length);
    assert.equal(parser.ended, null);
  }
  const pongs = parser.takePongs()!;
  const all = Uint8Array.from(pongsFor(pings.map(toBytes)));
  assert.ok(pongs.length >= 127 && pongs.length <= 1016, `${pongs.length} bytes`);
  assert.deepEqual(pongs, all.slice(all.length - pongs.length));
  assert.equal(parser.takePongs(), null);
});

Deno.test("`FrameParser` reads every frame size from 0 to 70,000, in one piece and in two", () => {
  const wide = wideBytes(new Uint8Array(70_100));
  const plain = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  const key = [0x9c, 0x01, 0xff, 0x42];
  const masked = plain.map((byte, i) => byte ^ key[i % 4]!);
  const parser = new FrameParser();
  for (let size = 0; size <= 70_000; size++) {
    const header = size < 126
      ? [0x82, 0x80 | size]
      : size < 65536
      ? [0x82, 0xfe, size >> 8, size & 0xff]
      : [0x82, 0xff, 0, 0, 0, 0, 0, size >> 16, size >> 8 & 0xff, size & 0xff];
    header.push(...key);
    const offset = size % 17;
    const begin = offset + header.length;
    wide.bytes.set(header, offset);
    wide.bytes.set(masked.subarray(0, size), begin);
    const cut = size % 2 === 0 ? begin + size : offset + (size * 7919) % (header.length + size);
    parser.start = parser.end = 0;
    const at = parser.parse(wide, offset, cut);
    assert.equal(parser.parse(wide, at, begin + size), begin + size);
    const given = wide.bytes.subarray(parser.start, parser.end);
    // Compared natively: 2.5 GB go through here.
    assert.equal(Buffer.compare(given, plain.subarray(0, size)), 0, `size ${size}`);
  }
  assert.equal(parser.ended, null);
});

Deno.test("`ponged` is the number that the last Pong of a Ping of ours brought back (5.5.3)", () => {
  const parser = new FrameParser();
  const take = (payload: Uint8Array | string) => {
    const bytes = clientFrame(PONG, toBytes(payload));
    BUFFER.bytes.set(bytes);
    assert.equal(parser.parse(BUFFER, 0, bytes.length), bytes.length);
    return parser.ponged;
  };
  assert.equal(take("before any"), 0);
  assert.equal(take(pingFrame(70_000).subarray(2)), 70_000);
  assert.equal(take(""), 70_000);
  assert.equal(take(pingFrame(2 ** 40 + 1).subarray(2)), 2 ** 40 + 1);
  assert.equal(take(pingFrame(0).subarray(2, 9)), 2 ** 40 + 1);
  assert.ok(take(new Uint8Array(8).fill(255)) > 2 ** 53);
});

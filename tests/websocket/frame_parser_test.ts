import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pingFrame } from "../../lib/websocket/frame.ts";
import { FrameParser, MAX_LEFTOVER_BYTES } from "../../lib/websocket/frame_parser.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { clientFrame, concat, toBytes } from "../support/client_frame.ts";
import { evenly, type Fed, feed, inTwo, pongsFor } from "./frame_feed.ts";

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const BUFFER = wideBytes(new Uint8Array(4096));

/** What must come of an input, however it is cut. */
interface Case {
  readonly name: string;
  readonly input: Uint8Array[];
  /** Text, or bytes. @default {""} */
  readonly payload?: string | number[];
  readonly pings?: string[];
  /** Kind, code, reason; none: the connection goes on. */
  readonly end?: readonly ["close" | "protocol" | "overflow", number, string];
}

const protocol = (reason: string) => ["protocol", 1002, reason] as const;
const notText = ["protocol", 1007, "text is not UTF-8"] as const;
const fragment = { fin: false };
/** Stands behind each error, and must not come through. */
const after = clientFrame(BINARY, "after");

const ACCEPTED: Case[] = [
  { name: "5.6: a text message", input: [clientFrame(TEXT, "Hello")], payload: "Hello" },
  { name: "5.6: a binary message", input: [clientFrame(BINARY, [0, 255])], payload: [0, 255] },
  { name: "5.6: binary need not be UTF-8", input: [clientFrame(BINARY, [0xc0])], payload: [0xc0] },
  {
    name: "5.7: a masked text message",
    input: [Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58)],
    payload: "Hello",
  },
  { name: "5.2: an empty message", input: [clientFrame(BINARY), clientFrame(TEXT)] },
  {
    name: "5.3: a key for each frame",
    input: [
      clientFrame(BINARY, "ab", { mask: [1, 2, 3, 4] }),
      clientFrame(BINARY, "cdefghij", { mask: [255, 0, 128, 7] }),
      clientFrame(BINARY, "kl", { mask: [0, 0, 0, 0] }),
    ],
    payload: "abcdefghijkl",
  },
  {
    name: "5.4: a message in fragments",
    input: [
      clientFrame(TEXT, "Hel", fragment),
      clientFrame(CONTINUATION, "l", fragment),
      clientFrame(CONTINUATION, "o"),
      clientFrame(BINARY, "!"),
    ],
    payload: "Hello!",
  },
  {
    name: "5.4: empty fragments",
    input: [
      clientFrame(BINARY, "", fragment),
      clientFrame(CONTINUATION, "", fragment),
      clientFrame(CONTINUATION, "x", fragment),
      clientFrame(CONTINUATION, ""),
      clientFrame(TEXT, "y"),
    ],
    payload: "xy",
  },
  {
    name: "5.4: control frames between fragments",
    input: [
      clientFrame(TEXT, [0x61, 0xe4], fragment),
      clientFrame(PING, "one"),
      clientFrame(CONTINUATION, [0xb8], fragment),
      clientFrame(PONG, "two"),
      clientFrame(PING, ""),
      clientFrame(CONTINUATION, [0x96]),
    ],
    payload: "a世",
    pings: ["one", ""],
  },
  {
    name: "5.5.2: a Ping's payload need not be text, and may have 125 bytes",
    input: [clientFrame(PING, "p".repeat(125)), clientFrame(BINARY, "x")],
    payload: "x",
    pings: ["p".repeat(125)],
  },
  { name: "5.5.3: a Pong nobody asked for", input: [clientFrame(PONG, "x"), clientFrame(PONG)] },
  {
    name: "8.1: each message is text of its own",
    input: [clientFrame(TEXT, "é"), clientFrame(BINARY, [0xc3]), clientFrame(TEXT, "😀")],
    payload: [0xc3, 0xa9, 0xc3, 0xf0, 0x9f, 0x98, 0x80],
  },
  { name: "5.5.1: a Close without a code", input: [clientFrame(CLOSE)], end: ["close", 1005, ""] },
  {
    name: "5.5.1: a Close with a code",
    input: [clientFrame(BINARY, "last"), clientFrame(CLOSE, [0x03, 0xe8])],
    payload: "last",
    end: ["close", 1000, ""],
  },
  {
    name: "5.5.1: a Close with a reason",
    input: [clientFrame(CLOSE, [0x0f, 0xa0, ...toBytes("tschüß")])],
    end: ["close", 4000, "tschüß"],
  },
  {
    name: "5.5.1: the longest reason",
    input: [clientFrame(CLOSE, [0x03, 0xe9, ...toBytes("x".repeat(123))])],
    end: ["close", 1001, "x".repeat(123)],
  },
  {
    name: "5.5.1: nothing is read after a Close",
    input: [clientFrame(CLOSE, [0x03, 0xe8]), after, Uint8Array.of(0xff, 0xff, 0xff)],
    end: ["close", 1000, ""],
  },
  {
    name: "5.4: a Close between fragments",
    input: [clientFrame(TEXT, "a", fragment), clientFrame(CLOSE, [0x03, 0xe8]), after],
    payload: "a",
    end: ["close", 1000, ""],
  },
];

const REFUSED: Case[] = [
  ...[0x40, 0x20, 0x10, 0x70].flatMap((reserved) =>
    [TEXT, BINARY, CLOSE, PING, PONG].map((opcode) => ({
      name: `5.2: reserved bits ${reserved.toString(16)} of opcode ${opcode}`,
      input: [clientFrame(BINARY, "before"), clientFrame(opcode!, "", { reserved }), after],
      payload: "before",
      end: protocol("a reserved bit is set"),
    }))
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `5.2: reserved opcode ${opcode}`,
    input: [clientFrame(BINARY, "before"), clientFrame(opcode, "x"), after],
    payload: "before",
    end: protocol(`reserved opcode ${opcode}`),
  })),
  ...[TEXT, BINARY, CLOSE, PING, PONG].map((opcode) => ({
    name: `5.1: an unmasked frame of opcode ${opcode}`,
    input: [clientFrame(opcode!, "", { mask: null }), after],
    end: protocol("an unmasked frame"),
  })),
  ...[CLOSE, PING, PONG].flatMap((opcode) => [
    {
      name: `5.5: fragmented control frame ${opcode}`,
      input: [clientFrame(opcode!, "", fragment), after],
      end: protocol("a fragmented control frame"),
    },
    {
      name: `5.5: control frame ${opcode} of 126 bytes`,
      input: [clientFrame(opcode!, "x".repeat(126)), after],
      end: protocol("a control frame over 125 bytes"),
    },
    {
      name: `5.5: control frame ${opcode} of 65536 bytes`,
      input: [clientFrame(opcode!, "", { length: 65536n }), after],
      end: protocol("a control frame over 125 bytes"),
    },
  ]),
  {
    name: "5.4: a continuation of nothing",
    input: [clientFrame(CONTINUATION, "x"), after],
    end: protocol("a continuation of no message"),
  },
  {
    name: "5.4: a continuation after the end of a message",
    input: [clientFrame(TEXT, "a", fragment), clientFrame(CONTINUATION), clientFrame(CONTINUATION)],
    payload: "a",
    end: protocol("a continuation of no message"),
  },
  ...[TEXT, BINARY].map((opcode) => ({
    name: `5.4: a message of opcode ${opcode} inside a message`,
    input: [clientFrame(BINARY, "a", fragment), clientFrame(PING), clientFrame(opcode!, "b")],
    payload: "a",
    pings: [""],
    end: protocol("a message inside a message"),
  })),
  ...[0, 1, 125].map((length) => ({
    name: `5.2: length ${length} in two bytes`,
    input: [clientFrame(BINARY, "x".repeat(length), { lengthBytes: 2 }), after],
    end: protocol("a length that is not minimal"),
  })),
  ...[0, 125, 126, 65535].map((length) => ({
    name: `5.2: length ${length} in eight bytes`,
    input: [clientFrame(BINARY, "", { lengthBytes: 8, length: BigInt(length) }), after],
    end: protocol("a length that is not minimal"),
  })),
  ...[2n ** 63n, 2n ** 64n - 1n].map((length) => ({
    name: `5.2: length ${length}`,
    input: [clientFrame(BINARY, "", { length }), after],
    end: protocol("a length with its top bit set"),
  })),
  ...[2n ** 53n, 2n ** 56n, 2n ** 63n - 1n].map((length) => ({
    name: `10.4: length ${length}, which can't be counted`,
    input: [clientFrame(BINARY, "", { length }), after],
    end: ["overflow", 1009, "a frame over 2^53 - 1 bytes"] as const,
  })),
  {
    name: "5.5.1: a Close with one byte",
    input: [clientFrame(CLOSE, [3]), after],
    end: protocol("a Close frame with one byte"),
  },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535].map((code) => ({
    name: `7.4: close code ${code}`,
    input: [clientFrame(CLOSE, [code >> 8, code & 0xff, 0x61]), after],
    end: protocol(`close code ${code}`),
  })),
  ...[[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80]].map((reason) => ({
    name: `5.5.1: a close reason of the bytes ${reason}`,
    input: [clientFrame(CLOSE, [0x03, 0xe8, ...reason]), after],
    end: ["protocol", 1007, "a close reason that is not UTF-8"] as const,
  })),
  {
    name: "8.1: text with a byte that is never UTF-8",
    input: [clientFrame(TEXT, [0x61, 0xff, 0x62]), after],
    payload: "a",
    end: notText,
  },
  {
    name: "8.1: an overlong form, seen at its second byte",
    input: [clientFrame(TEXT, [0x61, 0xe0, 0x80, 0x80]), after],
    payload: [0x61, 0xe0],
    end: notText,
  },
  {
    name: "8.1: bad text before the message's end has come",
    input: [clientFrame(TEXT, [0x61, 0xed, 0xa0], { length: 1000n })],
    payload: [0x61, 0xed],
    end: notText,
  },
  {
    name: "8.1: a character that the next fragment doesn't finish",
    input: [
      clientFrame(TEXT, [0x61, 0xc3], fragment),
      clientFrame(PING, "p"),
      clientFrame(CONTINUATION, "b"),
      after,
    ],
    payload: [0x61, 0xc3],
    pings: ["p"],
    end: notText,
  },
  ...[[0xc3], [0xe4, 0xb8], [0xf0, 0x9f, 0x98]].map((tail) => ({
    name: `8.1: text that ends after ${tail}`,
    input: [clientFrame(TEXT, [0x61, ...tail]), after],
    payload: [0x61, ...tail],
    end: ["protocol", 1007, "text ends inside a character"] as const,
  })),
  {
    name: "8.1: text that an empty fragment ends inside a character",
    input: [clientFrame(TEXT, [0xc3], fragment), clientFrame(CONTINUATION), after],
    payload: [0xc3],
    end: ["protocol", 1007, "text ends inside a character"],
  },
];

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

/**
 * What a parser of frames must accept and refuse by RFC 6455, case by case.
 *
 * @module
 */
import { clientFrame, toBytes } from "../support/client_frame.ts";

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

/** What must come of an input, however it is cut. */
export interface Case {
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

export const ACCEPTED: Case[] = [
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

export const REFUSED: Case[] = [
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

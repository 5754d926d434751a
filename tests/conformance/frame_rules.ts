/** What RFC 6455 asks of a server that reads a client's frames. */
import type { Ability } from "../e2e/engine_limits.ts";
import type { Outcome } from "./conversation.ts";

/** A rule at work. Frames are masked with zeros where the mask is not the point, so that payload can be read. */
export interface Rule extends Partial<Outcome> {
  /** Sections of RFC 6455. */
  readonly section: string;
  readonly what: string;
  /** What the client sends behind its handshake; where no `close` is given, a Close with 1000 follows and is echoed. */
  readonly send: string;
  /** What an engine must be able to do for it. @default nothing special */
  readonly needs?: Ability;
}

/** The client's masking key, all zero. */
const K = "00*4";
/** Bytes that must be without effect. */
const AFTER = `82 85 ${K} 'after'`;

function breach(section: string, what: string, send: string, backend = ""): Rule {
  const needs = "close on a protocol error";
  return { section, what, send: `${send} ${AFTER}`, backend, close: 1002, needs };
}

/** A breach that not every engine sees. */
function overlooked(needs: Ability, ...breached: Parameters<typeof breach>): Rule {
  return { ...breach(...breached), needs };
}

const unmasked = overlooked.bind(null, "refuse unmasked frames");
const tooLong = overlooked.bind(null, "refuse longer lengths than needed");
const longControl = overlooked.bind(null, "refuse long control frames");

const MASKING: readonly Rule[] = [
  {
    section: "5.7",
    what: "the masked text Hello of the examples",
    send: "81 85 37 fa 21 3d 7f 9f 4d 51 58",
    backend: "'Hello'",
  },
  {
    section: "5.3",
    what: "a key of ones, and another one for the next frame",
    send: "82 83 ff ff ff ff 9e 9d 9c  82 85 01 02 03 04 60 60 60 60 64",
    backend: "'abc' 'abcde' ".replace("'abcde'", "61 62 63 64 65"),
  },
  unmasked("5.1", "an unmasked data frame", "82 05 'hello'"),
  unmasked("5.1", "an unmasked empty data frame", "82 00"),
  unmasked("5.1", "an unmasked Ping", "89 00"),
  unmasked("5.1", "an unmasked Pong", "8a 00"),
  unmasked("5.1", "an unmasked Close", "88 02 03 e8"),
  unmasked("5.1", "data before an unmasked frame counts", `82 82 ${K} 'ok' 81 01 'x'`, "'ok'"),
];

const RESERVED: readonly Rule[] = [
  ...[4, 2, 1].flatMap((bits) =>
    [0x1, 0x2, 0x8, 0x9, 0xa].map((opcode) => {
      const first = (0x80 | bits << 4 | opcode).toString(16);
      return breach("5.2", `reserved bits ${bits} with opcode ${opcode}`, `${first} 80 ${K}`);
    })
  ),
  breach("5.2", "a reserved bit on a continuation", `01 81 ${K} 'a' c0 81 ${K} 'b'`, "'a'"),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    breach("5.2", `reserved opcode ${opcode}`, `8${opcode.toString(16)} 80 ${K}`)
  ),
];

const LENGTHS: readonly Rule[] = [
  {
    section: "5.2",
    what: "an empty text and an empty binary frame",
    send: `81 80 ${K} 82 80 ${K}`,
  },
  { section: "5.2", what: "one byte", send: `82 81 ${K} 'x'`, backend: "'x'" },
  { section: "5.2", what: "125 bytes", send: `82 fd ${K} 'x'*125`, backend: "'x'*125" },
  { section: "5.2", what: "126 bytes", send: `82 fe 00 7e ${K} 'x'*126`, backend: "'x'*126" },
  { section: "5.2", what: "127 bytes", send: `82 fe 00 7f ${K} 'x'*127`, backend: "'x'*127" },
  { section: "5.2", what: "255 bytes", send: `82 fe 00 ff ${K} 'x'*255`, backend: "'x'*255" },
  { section: "5.2", what: "256 bytes", send: `82 fe 01 00 ${K} 'x'*256`, backend: "'x'*256" },
  { section: "5.2", what: "2048 bytes", send: `82 fe 08 00 ${K} 'x'*2048`, backend: "'x'*2048" },
  {
    section: "5.2",
    what: "65535 bytes",
    send: `82 fe ff ff ${K} 'x'*65535`,
    backend: "'x'*65535",
  },
  {
    section: "5.2",
    what: "65536 bytes",
    send: `82 ff 00*5 01 00 00 ${K} 'x'*65536`,
    backend: "'x'*65536",
  },
  tooLong("5.2", "no bytes in 16 bits", `82 fe 00 00 ${K}`),
  tooLong("5.2", "125 bytes in 16 bits", `82 fe 00 7d ${K} 'x'*125`),
  tooLong("5.2", "125 bytes in 64 bits", `82 ff 00*7 7d ${K} 'x'*125`),
  tooLong("5.2", "65535 bytes in 64 bits", `82 ff 00*6 ff ff ${K} 'x'*65535`),
  breach("5.2", "a length with its top bit set", `82 ff 80 00*7 ${K}`),
  breach("5.2", "a length of all ones", `82 ff ff*8 ${K}`),
  {
    section: "7.4.1",
    what: "2^53 bytes can't be counted",
    send: `82 ff 00 20 00*6 ${K} ${AFTER}`,
    close: 1009,
    needs: "close on a protocol error",
  },
];

const FRAGMENTS: readonly Rule[] = [
  {
    section: "5.7",
    what: "the fragmented text Hello of the examples, masked",
    send: `01 83 ${K} 'Hel' 80 82 ${K} 'lo'`,
    backend: "'Hello'",
  },
  {
    section: "5.4",
    what: "many fragments, some empty",
    send: `02 80 ${K} 00 81 ${K} 'a' 00 80 ${K} 00 82 ${K} 'bc' 80 80 ${K} 82 81 ${K} 'd'`,
    backend: "'abcd'",
  },
  {
    section: "5.4",
    what: "a fragment is passed on before its message ends",
    send: `02 83 ${K} 'abc' 88 82 ${K} 03 e8`,
    backend: "'abc'",
    close: "03 e8",
    needs: "pass fragments on",
  },
  {
    section: "5.4, 5.5.2",
    what: "a Ping between fragments is answered, and the message goes on",
    send: `01 83 ${K} 'Hel' 89 82 ${K} 'hi' 80 82 ${K} 'lo'`,
    backend: "'Hello'",
    answers: "8a 02 'hi'",
  },
  {
    section: "5.4, 5.5.3",
    what: "a Pong between fragments",
    send: `01 83 ${K} 'Hel' 8a 82 ${K} 'hi' 80 82 ${K} 'lo'`,
    backend: "'Hello'",
  },
  breach("5.4", "a continuation of nothing", `80 81 ${K} 'x'`),
  breach("5.4", "a first fragment that is a continuation", `00 81 ${K} 'x'`),
  breach("5.4", "a continuation of a whole message", `82 81 ${K} 'a' 80 81 ${K} 'x'`, "'a'"),
  breach(
    "5.4",
    "a continuation of a message that has ended",
    `02 81 ${K} 'a' 80 81 ${K} 'b' 80 81 ${K} 'x'`,
    "'ab'",
  ),
  breach("5.4", "text inside a text", `01 81 ${K} 'a' 81 81 ${K} 'x'`, "'a'"),
  breach("5.4", "binary inside a text", `01 81 ${K} 'a' 82 81 ${K} 'x'`, "'a'"),
  breach("5.4", "a first fragment inside a message", `02 81 ${K} 'a' 02 81 ${K} 'x'`, "'a'"),
  breach("5.4, 5.5", "a fragmented Ping", `09 81 ${K} 'a' 80 81 ${K} 'b'`),
  breach("5.4, 5.5", "a fragmented Pong", `0a 80 ${K}`),
  breach("5.4, 5.5", "a fragmented Close", `08 82 ${K} 03 e8`),
];

const CONTROL: readonly Rule[] = [
  { section: "5.5.2", what: "an empty Ping", send: `89 80 ${K}`, answers: "8a 00" },
  {
    section: "5.5.2, 5.5.3",
    what: "the Pong carries the Ping's payload, unmasked",
    send: "89 85 37 fa 21 3d 7f 9f 4d 51 58",
    answers: "8a 05 'Hello'",
  },
  {
    section: "5.5",
    what: "a Ping of 125 bytes",
    send: `89 fd ${K} 00*60 ff*65`,
    answers: "8a 7d 00*60 ff*65",
  },
  {
    section: "5.5.2",
    what: "a Ping behind data and before data",
    send: `82 81 ${K} 'a' 89 81 ${K} 'p' 82 81 ${K} 'b'`,
    backend: "'ab'",
    answers: "8a 01 'p'",
  },
  { section: "5.5.3", what: "a Pong nobody asked for", send: `8a 80 ${K} 8a 84 ${K} 'pong'` },
  breach("5.5", "a Ping of 126 bytes", `89 fe 00 7e ${K} 'x'*126`),
  longControl("5.5", "a Pong of 126 bytes", `8a fe 00 7e ${K} 'x'*126`),
  longControl("5.5", "a Close of 126 bytes", `88 fe 00 7e ${K} 03 e8 'x'*124`),
  tooLong("5.5", "a Ping with a 64-bit length", `89 ff 00*7 01 ${K} 'x'`),
];

const hexCode = (code: number) => `${hexByte(code >> 8)} ${hexByte(code & 255)}`;
const hexByte = (byte: number) => byte.toString(16).padStart(2, "0");

const MAY_BE_SENT = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
const MAY_NOT_BE_SENT = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535];

const CLOSING: readonly Rule[] = [
  {
    section: "5.5.1",
    what: "an empty Close is answered with an empty one",
    send: `88 80 ${K}`,
    close: "",
  },
  ...[...MAY_BE_SENT, 3000, 3999, 4000, 4999].flatMap((code): Rule[] => {
    const send = `88 82 ${K} ${hexCode(code)}`;
    const rule = { section: "5.5.1, 7.4", send, close: hexCode(code) };
    const only = code === 1014 && { needs: "take code 1014" as const };
    return [
      { ...rule, what: `code ${code} is echoed`, ...only },
      {
        ...rule,
        what: `code ${code} is echoed, whatever is behind it`,
        send: `${send} ${AFTER}`,
        needs: "take what comes behind a Close",
      },
    ];
  }),
  ...MAY_NOT_BE_SENT.map((code) =>
    overlooked(
      "say why a code is refused",
      "7.4",
      `code ${code} may not be sent`,
      `88 82 ${K} ${hexCode(code)}`,
    )
  ),
  breach("5.5.1", "a Close of one byte", `88 81 ${K} 03`),
  {
    section: "5.5.1",
    what: "a reason of 123 bytes",
    send: `88 fd ${K} 03 e8 'x'*123`,
    close: "03 e8",
    needs: "echo a code alone",
  },
  {
    section: "5.5.1",
    what: "a reason beyond ASCII",
    send: `88 89 ${K} 0f a0 'grüß!'`,
    close: "0f a0",
    needs: "echo a code alone",
  },
  {
    section: "5.5.1, 8.1",
    what: "a reason that is not UTF-8",
    send: `88 84 ${K} 03 e8 c0 af`,
    close: 1007,
    needs: "close on a protocol error",
  },
  {
    section: "5.5.1, 8.1",
    what: "a reason cut inside a character",
    send: `88 85 ${K} 03 e8 'a' e2 82`,
    close: 1007,
    needs: "close on a protocol error",
  },
  {
    section: "5.5.1",
    what: "nothing behind a Close counts: data, a Ping, another Close, a breach",
    needs: "take what comes behind a Close",
    send: `82 82 ${K} 'ok' 88 82 ${K} 0f a0 ${AFTER} 89 80 ${K} 88 82 ${K} 03 e8 ff ff`,
    backend: "'ok'",
    close: "0f a0",
  },
  {
    section: "5.5.1",
    what: "a Ping before a Close is answered before it",
    send: `89 81 ${K} 'p' 88 82 ${K} 03 e8`,
    answers: "8a 01 'p'",
    close: "03 e8",
  },
];

function notText(what: string, bytes: string, valid = ""): Rule {
  const length = hexByte(0x80 + Math.min(125, countOf(bytes)));
  return {
    section: "8.1",
    what: `text with ${what}`,
    send: `81 ${length} ${K} ${bytes} ${AFTER}`,
    backend: valid,
    close: 1007,
    needs: "close on a protocol error",
  };
}

function countOf(bytes: string): number {
  return bytes.split(" ").length;
}

const TEXT: readonly Rule[] = [
  {
    section: "5.6",
    what: "characters of one to four bytes",
    send: `81 8a ${K} 'a' c3 bc e2 82 ac f0 9f 98 80`,
    backend: "'a' c3 bc e2 82 ac f0 9f 98 80",
  },
  {
    section: "5.6",
    what: "the first and last characters of each length",
    send: `81 97 ${K} 00 7f c2 80 df bf e0 a0 80 ef bf bf f0 90 80 80 f4 8f bf bf ee 80 80`,
    backend: "00 7f c2 80 df bf e0 a0 80 ef bf bf f0 90 80 80 f4 8f bf bf ee 80 80",
  },
  {
    section: "5.6",
    what: "a byte order mark is text as well",
    send: `81 84 ${K} ef bb bf 'a'`,
    backend: "ef bb bf 'a'",
  },
  {
    section: "5.6",
    what: "a character cut by fragments and a Ping",
    send: `01 82 ${K} f0 9f 89 80 ${K} 00 81 ${K} 98 80 81 ${K} 80`,
    backend: "f0 9f 98 80",
    answers: "8a 00",
  },
  {
    section: "5.6",
    what: "binary may be anything",
    send: `82 86 ${K} c0 af ff fe ed a0`,
    backend: "c0 af ff fe ed a0",
  },
  notText("an overlong slash", "61 c0 af", "61"),
  notText("an overlong character of three bytes", "e0 9f bf", "e0"),
  notText("an overlong character of four bytes", "f0 8f bf bf", "f0"),
  notText("a surrogate", "61 62 ed a0 80", "61 62 ed"),
  notText("a character past U+10FFFF", "f4 90 80 80", "f4"),
  notText("byte f5", "f5 80 80 80"),
  notText("byte ff", "ff"),
  notText("a continuation byte alone", "80"),
  notText("a character without its end", "e2 82 61", "e2 82"),
  {
    section: "8.1",
    what: "a text that ends inside a character",
    send: `81 83 ${K} 'a' e2 82 ${AFTER}`,
    close: 1007,
    needs: "close on a protocol error",
    backend: "'a' e2 82",
  },
  {
    section: "8.1",
    what: "a fragmented text that ends inside a character",
    send: `01 82 ${K} 'a' e2 80 81 ${K} 82 ${AFTER}`,
    close: 1007,
    needs: "refuse fragments that end inside a character",
    backend: "'a' e2 82",
  },
  {
    section: "8.1",
    what: "a character whose end is wrong in the next fragment",
    send: `01 82 ${K} 'a' e2 00 81 ${K} 28 ${AFTER}`,
    close: 1007,
    needs: "close on a protocol error",
    backend: "'a' e2",
  },
  {
    section: "8.1",
    what: "bad text is told at once, not at the message's end",
    send: `01 82 ${K} 'a' ff`,
    close: 1007,
    needs: "close on a protocol error",
    backend: "'a'",
  },
];

export const FRAME_RULES: readonly Rule[] = [
  ...MASKING,
  ...RESERVED,
  ...LENGTHS,
  ...FRAGMENTS,
  ...CONTROL,
  ...CLOSING,
  ...TEXT,
];

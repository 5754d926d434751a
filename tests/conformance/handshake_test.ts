/** Every rule of RFC 6455 for a server's side of the opening handshake, over sockets, byte for byte. */
import assert from "node:assert/strict";
import { type Ability, can } from "../e2e/engine_limits.ts";
import { concat } from "../support/connection.ts";
import { type Fields, handshake } from "../support/raw_client.ts";
import { testEngines } from "../e2e/drivers.ts";
import { ask, endOfRefused, withEndpoint } from "./ask.ts";
import { wire } from "./wire.ts";

/** What a client may ask, and the fields that the answer has besides those it always has. */
interface Accepted {
  /** Sections of RFC 6455. */
  readonly section: string;
  readonly what: string;
  readonly fields?: Fields;
  readonly accept?: string;
  readonly protocol?: string;
}

/** The answer to the sample key of section 1.3. */
const SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const PROTOCOL = "Sec-WebSocket-Protocol";

const ACCEPTED: readonly Accepted[] = [
  { section: "1.3, 4.2.2", what: "the sample handshake" },
  {
    section: "4.2.2",
    what: "another key has another answer",
    fields: { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" },
    accept: "ICX+Yqv66kxgM0FcWaLWlFLwTAI=",
  },
  {
    section: "4.1",
    what: "the sample key of another section, with bits behind its 16 bytes",
    fields: { "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEC==" },
    accept: "OfS0wDaT5NoxF2gqm7Zj2YtetzM=",
  },
  {
    section: "4.2.1",
    what: "tokens in any case, among others",
    fields: { Upgrade: "h2c, WebSocket", Connection: "keep-alive, UPGRADE" },
  },
  { section: "4.2.1", what: "an Origin where all are admitted", fields: { Origin: "null" } },
  { section: "4.2.1", what: "fields nobody knows", fields: { "Cookie": "a=b", "X-Y": "z" } },
  {
    section: "4.2.2, 11.3.4",
    what: "a subprotocol from a list",
    fields: { [PROTOCOL]: "other,mqtt , third" },
    protocol: "mqtt",
  },
  {
    section: "4.2.2, 11.3.4",
    what: "one subprotocol alone, though several would do",
    fields: { [PROTOCOL]: "mqtt, binary" },
    protocol: "binary",
  },
  {
    section: "4.2.2, 11.3.4",
    what: "no subprotocol where none of the offered is spoken",
    fields: { [PROTOCOL]: "other, Binary" },
  },
  {
    section: "9.1, 11.3.2",
    what: "no extension, though some are offered",
    fields: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-other" },
  },
];

const CLOSE = wire("88 82 00*4 03 e8");
/** Latin-1 in the answer's text would not survive: the frames are compared by their length. */
const CLOSE_ANSWER_BYTES = 4;

testEngines("a handshake is answered with these bytes and no others", async (engine) => {
  await withEndpoint(engine, async (endpoint, backend) => {
    for (const { section, what, fields, accept = SAMPLE_ACCEPT, protocol } of ACCEPTED) {
      const name = `${section}: ${what}`;
      const request = concat([new TextEncoder().encode(handshake("/", fields)), CLOSE]);
      const answering = ask(endpoint, request);
      (await backend.take()).close();
      const { head, body, end } = await answering;
      const lines = [
        "HTTP/1.1 101 Switching Protocols",
        "upgrade: websocket",
        "connection: Upgrade",
        `sec-websocket-accept: ${accept}`,
        ...(protocol === undefined ? [] : [`sec-websocket-protocol: ${protocol}`]),
      ];
      const said = can(engine, "say nothing but what it must")
        ? head
        : head.replace(/^date: [\w ,:]+ GMT\r\n/m, "");
      assert.equal(said, lines.map((line) => `${line}\r\n`).join("") + "\r\n", name);
      assert.equal(body.length, CLOSE_ANSWER_BYTES, `${name}: the Close alone follows`);
      assert.equal(end, "fin", name);
    }
  }, { wstunnel: 'subprotocols = ["mqtt"]' });
});

/** What is no handshake of this version, and what must be said. */
interface Refused {
  readonly section: string;
  readonly what: string;
  readonly request: string;
  readonly status: number;
  /** Fields that the answer must have. */
  readonly answer?: Readonly<Record<string, string>>;
  /** What an engine must be able to do for it. */
  readonly needs?: Ability;
}

const UPGRADE = { "upgrade": "websocket", "connection": "close, upgrade" };
const VERSION = { ...UPGRADE, "sec-websocket-version": "13" };

function lacks(
  section: string,
  what: string,
  fields: Fields,
  status: number,
  answer?: Readonly<Record<string, string>>,
): Refused {
  const request = handshake("/", fields);
  return { section, what, request, status, ...(answer && { answer }) };
}

const KEY = "Sec-WebSocket-Key";
const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const REFUSED: readonly Refused[] = [
  {
    section: "4.2.1 (1)",
    what: "another method",
    request: handshake("/", {}, "POST / HTTP/1.1"),
    status: 426,
    answer: UPGRADE,
  },
  {
    section: "4.2.1 (1)",
    what: "an older HTTP",
    request: handshake("/", {}, "GET / HTTP/1.0"),
    status: 426,
    answer: UPGRADE,
    needs: "see HTTP/1.0",
  },
  lacks("4.2.1 (2)", "no Host", { Host: null }, 400),
  lacks("4.2.1 (2)", "an empty Host", { Host: "" }, 400),
  lacks("4.2.1 (3)", "no Upgrade", { Upgrade: null }, 426, UPGRADE),
  lacks("4.2.1 (3)", "another Upgrade", { Upgrade: "h2c" }, 426, UPGRADE),
  lacks("4.2.1 (3)", "websocket as a part of a token", { Upgrade: "websockets" }, 426, UPGRADE),
  lacks("4.2.1 (4)", "no Connection", { Connection: null }, 426, UPGRADE),
  lacks("4.2.1 (4)", "another Connection", { Connection: "keep-alive" }, 426, UPGRADE),
  lacks("4.2.1 (5)", "no key", { [KEY]: null }, 400),
  lacks("4.2.1 (5)", "an empty key", { [KEY]: "" }, 400),
  lacks("4.2.1 (5)", "a key of 15 bytes", { [KEY]: btoa("x".repeat(15)) }, 400),
  lacks("4.2.1 (5)", "a key of 17 bytes", { [KEY]: btoa("x".repeat(17)) }, 400),
  lacks("4.2.1 (5)", "a key without padding", { [KEY]: SAMPLE_KEY.slice(0, 22) }, 400),
  lacks("4.2.1 (5)", "a key that is not base64", { [KEY]: "dGhlIHNhbXBsZSBub25j!Q==" }, 400),
  lacks("4.2.1 (5), 11.3.1", "two keys", { [KEY.toLowerCase()]: SAMPLE_KEY }, 400),
  lacks("4.2.1 (6), 4.4", "no version", { "Sec-WebSocket-Version": null }, 426, VERSION),
  ...["8", "0", "14", "013", "13, 13", "x"].map((version) =>
    lacks("4.4", `version ${version}`, { "Sec-WebSocket-Version": version }, 426, VERSION)
  ),
  lacks(
    "4.4, 11.3.5",
    "two versions",
    { "sec-websocket-version": "13" },
    426,
    VERSION,
  ),
];

testEngines("what is no handshake opens nothing and is told what would", async (engine) => {
  await withEndpoint(engine, async (endpoint, backend) => {
    for (const { section, what, request, status, answer = {}, needs } of REFUSED) {
      if (needs !== undefined && !can(engine, needs)) continue;
      const name = `${section}: ${what}`;
      const { line, headers, body, end } = await ask(endpoint, request);
      assert.match(line, new RegExp(`^HTTP/1\\.1 ${status} `), name);
      for (const [field, value] of Object.entries(answer)) {
        const isSaid = field !== "connection" || endOfRefused(engine) === "fin";
        assert.equal(headers.get(field), isSaid ? value : null, `${name}: ${field}`);
      }
      assert.equal(headers.get("sec-websocket-accept"), null, name);
      assert.match(body, /^[^\n]+\n$/, name);
      assert.equal(end, endOfRefused(engine), name);
    }
    assert.equal(backend.count, 0, "no backend was bothered");
  });
});

testEngines(
  "4.2.2: an origin that is not admitted is refused with 403, one that is missing with 400",
  async (engine) => {
    await withEndpoint(engine, async (endpoint, backend) => {
      const cases: [Fields, number][] = [
        [{}, 400],
        [{ Origin: "null" }, 403],
        [{ Origin: "https://example.org" }, 403],
        [{ Origin: "https://evilexample.com" }, 403],
      ];
      for (const [fields, status] of cases) {
        const { line } = await ask(endpoint, handshake("/", fields));
        assert.match(line, new RegExp(` ${status} `), JSON.stringify(fields));
      }
      assert.equal(backend.count, 0);
    }, { wstunnel: 'origins = ["example.com"]' });
  },
);

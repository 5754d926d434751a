import assert from "node:assert/strict";
import { AnswerHeadParser } from "../../lib/http/answer_head.ts";
import {
  formatHandshake,
  handshakeKey,
  NONCE_BYTES,
  type Opened,
  readOpened,
} from "../../lib/http/client_handshake.ts";
import { formatUpgrade, writeUpgrade } from "../../lib/http/format.ts";
import { isKey } from "../../lib/http/handshake.ts";
import { HeadParser } from "../../lib/http/head.ts";
import { decide } from "../../lib/http/verdict.ts";

/** RFC 6455 section 1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

Deno.test("`handshakeKey()` is the base64 form of 16 bytes, as the RFC's example has it", () => {
  assert.equal(handshakeKey(new TextEncoder().encode("the sample nonce")), KEY);
  assert(isKey(handshakeKey(new Uint8Array(NONCE_BYTES))));
});

Deno.test("`formatHandshake()` is what our own server takes", () => {
  for (const subprotocols of [[], ["binary"], ["mqtt", "binary"]]) {
    const request = { authority: "[::1]:80", target: "/a?b=c", key: KEY, subprotocols };
    const bytes = formatHandshake(request);
    const parsed = new HeadParser().parse(bytes, 0, bytes.length);
    assert(parsed !== "incomplete" && "head" in parsed);
    const { head, end } = parsed;
    assert.equal(end, bytes.length);
    assert.deepEqual([head.method, head.target, head.version], ["GET", "/a?b=c", "1.1"]);
    const fields = ["host", "sec-websocket-key", "sec-websocket-protocol", "origin"];
    const offered = subprotocols.length === 0 ? null : subprotocols.join(", ");
    assert.deepEqual(fields.map(head.headers.get), ["[::1]:80", KEY, offered, null]);
    const route = {
      key: "/",
      origins: [],
      subprotocols: null,
      auth: null,
      frameType: "binary" as const,
      pingIntervalMs: 0,
      allowClients: [],
      denyClients: [],
      files: null,
      filesAlone: false,
    };
    const table = { keys: [{ route, match: "/" }], suffixes: [] };
    assert("accept" in decide(head, "192.0.2.1", { table, healthPath: null, web: null }));
  }
});

function read(fields: string, subprotocols: readonly string[], version = "1.1"): Opened {
  const text = `HTTP/${version} 101 Switching Protocols\r\n${fields}\r\n`;
  const bytes = new TextEncoder().encode(text);
  const parsed = new AnswerHeadParser().parse(bytes, 0, bytes.length);
  assert(parsed !== "incomplete" && "head" in parsed, text);
  return readOpened(parsed.head, { key: KEY, subprotocols });
}

const UPGRADE = "Upgrade: websocket\r\n";
const CONNECTION = "Connection: Upgrade\r\n";
const RIGHT = `Sec-WebSocket-Accept: ${ACCEPT}\r\n`;

Deno.test("`readOpened()` takes what our own server answers", () => {
  for (const subprotocol of [null, "binary"]) {
    const bytes = formatUpgrade(KEY, subprotocol);
    const parsed = new AnswerHeadParser().parse(bytes, 0, bytes.length);
    assert(parsed !== "incomplete" && "head" in parsed);
    const opened = readOpened(parsed.head, { key: KEY, subprotocols: ["binary", "base64"] });
    assert.deepEqual(opened, { subprotocol });
  }
});

Deno.test("`writeUpgrade()` writes what `formatUpgrade()` gives, over whatever was there, and nothing behind it", () => {
  for (const subprotocol of [null, "binary", "v1.x~y"]) {
    const room = new Uint8Array(1024).fill(0xff);
    const end = writeUpgrade(room, KEY, subprotocol);
    assert.deepEqual(room.subarray(0, end), formatUpgrade(KEY, subprotocol));
    assert(room.subarray(end).every((byte) => byte === 0xff));
  }
});

Deno.test("`readOpened()` goes by RFC 6455 section 4.1", () => {
  const all = UPGRADE + CONNECTION + RIGHT;
  const protocol = "Sec-WebSocket-Protocol: b\r\n";
  const wrongAccept = { problem: "with a wrong Sec-WebSocket-Accept" };
  const noUpgrade = { problem: "without Upgrade: websocket" };
  const noConnection = { problem: "without Connection: Upgrade" };
  const unasked = { problem: "with a subprotocol that was not offered" };
  const extension = { problem: "with an extension that was not offered" };
  const open = { subprotocol: null };
  const cases: [fields: string, offered: string[], Opened][] = [
    [all, [], open],
    [all, ["a", "b"], open],
    [all + protocol, ["a", "b"], { subprotocol: "b" }],
    ["Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n" + RIGHT, [], open],
    [UPGRADE + CONNECTION, [], wrongAccept],
    [UPGRADE + CONNECTION + "Sec-WebSocket-Accept: x\r\n", [], wrongAccept],
    [all + RIGHT, [], wrongAccept],
    [UPGRADE + CONNECTION + RIGHT.toLowerCase(), [], wrongAccept],
    [CONNECTION + RIGHT, [], noUpgrade],
    ["Upgrade: h2c\r\n" + CONNECTION + RIGHT, [], noUpgrade],
    ["Upgrade: websocket, h2c\r\n" + CONNECTION + RIGHT, [], noUpgrade],
    [UPGRADE + RIGHT, [], noConnection],
    [UPGRADE + "Connection: close\r\n" + RIGHT, [], noConnection],
    [all + protocol, [], unasked],
    [all + protocol, ["a"], unasked],
    [all + protocol, ["B"], unasked],
    [all + protocol + protocol, ["a", "b"], unasked],
    [all + "Sec-WebSocket-Protocol: \r\n", ["a"], unasked],
    [all + "Sec-WebSocket-Extensions: permessage-deflate\r\n", [], extension],
    [all + "Sec-WebSocket-Extensions: \r\n", [], open],
  ];
  for (const [fields, offered, expected] of cases) {
    assert.deepEqual(read(fields, offered), expected, JSON.stringify([fields, offered]));
  }
  assert.deepEqual(read(all, [], "1.0"), { problem: "by HTTP/1.0" });
});

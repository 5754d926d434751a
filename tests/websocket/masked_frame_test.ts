import assert from "node:assert/strict";
import { HEADROOM } from "../../lib/websocket/client_end.ts";
import { closeFrame, Opcode, pingFrame } from "../../lib/websocket/frame.ts";
import { type FrameEnd, FrameParser } from "../../lib/websocket/frame_parser.ts";
import { maskedControls, writeMaskedHeader } from "../../lib/websocket/masked_frame.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { concat } from "../support/connection.ts";
import { closePayload, frame } from "../support/raw_client.ts";

/** A message as a client sends it, from its header to its end. */
function masked(payload: Uint8Array, opcode: number, key?: number): Uint8Array<ArrayBuffer> {
  const wide = wideBytes(new Uint8Array(HEADROOM + payload.length));
  wide.bytes.set(payload, HEADROOM);
  const begin = key === undefined
    ? writeMaskedHeader(wide, HEADROOM, payload.length, opcode)
    : writeMaskedHeader(wide, HEADROOM, payload.length, opcode, key);
  return wide.bytes.slice(begin);
}

/** What a parser makes of bytes. */
function parsed(bytes: Uint8Array, role: "server" | "client") {
  const wide = wideBytes(Uint8Array.from(bytes));
  const parser = new FrameParser(role);
  const seen: [opcode: number, length: number][] = [];
  parser.onFrame = (_way, opcode, length) => void seen.push([opcode, length]);
  parser.parse(wide, 0, bytes.length);
  return { seen, payload: wide.bytes.slice(parser.start, parser.end), ended: parser.ended };
}

/** The key of a frame whose length takes so many bytes behind the second. */
function keyOf(bytes: Uint8Array, longBytes = 0): string {
  return bytes.subarray(2 + longBytes, 6 + longBytes).join();
}

Deno.test("`writeMaskedHeader()` makes the masked example of RFC 6455 section 5.7", () => {
  // The key 37 fa 21 3d, its first byte lowest.
  const bytes = masked(new TextEncoder().encode("Hello"), Opcode.TEXT, 0x3d21fa37);
  const example = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
  assert.deepEqual([...bytes], example);
});

Deno.test("`writeMaskedHeader()` says every length in the shortest way, and a server reads what was sent", () => {
  const cases: [length: number, header: number[]][] = [
    [0, [0x82, 0x80]],
    [1, [0x82, 0x81]],
    [125, [0x82, 0xfd]],
    [126, [0x82, 0xfe, 0, 126]],
    [511, [0x82, 0xfe, 1, 255]],
    [512, [0x82, 0xfe, 2, 0]],
    [65535, [0x82, 0xfe, 255, 255]],
    [65536, [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]],
  ];
  for (const [length, header] of cases) {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255);
    const bytes = masked(payload, Opcode.BINARY);
    assert.deepEqual([...bytes.subarray(0, header.length)], header);
    assert.equal(bytes.length, header.length + 4 + length);
    const { seen, payload: got, ended } = parsed(bytes, "server");
    assert.deepEqual([seen, ended], [[[Opcode.BINARY, length]], null]);
    assert.deepEqual(got, payload, `${length} bytes`);
    // By the definition of section 5.3, which the parser might miss as well.
    const key = bytes.subarray(header.length, header.length + 4);
    const sent = bytes.subarray(header.length + 4);
    assert.ok(payload.every((byte, i) => (byte ^ key[i & 3]!) === sent[i]), `${length} bytes`);
  }
});

Deno.test("no two frames have the same mask, and none has none, over more frames than are drawn for at once", () => {
  const payload = new Uint8Array(9);
  const keys = new Set<string>();
  for (let count = 0; count < 1_000; count++) {
    keys.add(keyOf(masked(payload, Opcode.BINARY)));
    keys.add(keyOf(maskedControls(pingFrame(count))));
  }
  // 2,000 of 2^32: two are the same about once in 2,000 runs, four of them never.
  assert.ok(keys.size > 1_996, `${keys.size} different ones`);
});

Deno.test("`maskedControls()` masks each frame with a key of its own", () => {
  const frames = concat([
    pingFrame(258),
    Uint8Array.of(0x8a, 0),
    Uint8Array.of(0x8a, 1, 7),
    closeFrame(1001, "bye"),
  ]);
  const bytes = maskedControls(frames);
  assert.equal(bytes.length, frames.length + 4 * 4);
  const { seen, ended } = parsed(bytes, "server");
  const { PING, PONG, CLOSE } = Opcode;
  assert.deepEqual(seen, [[PING, 8], [PONG, 0], [PONG, 1], [CLOSE, 5]]);
  assert.deepEqual(ended, { kind: "close", code: 1001, reason: "bye" });
  assert.notEqual(keyOf(bytes), keyOf(bytes.subarray(14)));
  assert.deepEqual(maskedControls(new Uint8Array(0)), new Uint8Array(0));
});

Deno.test("`FrameParser` as a client reads what a server sends, and refuses with 1002 what is masked", () => {
  const plain = { masked: false };
  const breach = (reason: string): FrameEnd => ({ kind: "protocol", code: 1002, reason });
  const maskedFrame = breach("a masked frame");
  const { TEXT, BINARY, PING, PONG, CLOSE, CONTINUATION } = Opcode;
  const cases: [bytes: Uint8Array, payload: string, ended: FrameEnd | null][] = [
    [frame(BINARY, "ab", plain), "ab", null],
    [frame(TEXT, "aß€😀", plain), "aß€😀", null],
    [frame(BINARY, "", plain), "", null],
    [concat([frame(BINARY, "a", { ...plain, fin: false }), frame(PING, "x", plain)]), "a", null],
    [
      concat([frame(TEXT, "a", { ...plain, fin: false }), frame(CONTINUATION, "b", plain)]),
      "ab",
      null,
    ],
    [frame(BINARY, "x".repeat(126), plain), "x".repeat(126), null],
    [frame(BINARY, "x".repeat(65536), plain), "x".repeat(65536), null],
    [frame(CLOSE, closePayload(1000, "ok"), plain), "", {
      kind: "close",
      code: 1000,
      reason: "ok",
    }],
    [frame(CLOSE, "", plain), "", { kind: "close", code: 1005, reason: "" }],
    [frame(BINARY, "ab"), "", maskedFrame],
    [frame(BINARY, ""), "", maskedFrame],
    [frame(PING, "x"), "", maskedFrame],
    [frame(PONG, ""), "", maskedFrame],
    [frame(CLOSE, closePayload(1000)), "", maskedFrame],
    [concat([frame(BINARY, "ab", plain), frame(BINARY, "cd")]), "ab", maskedFrame],
    [frame(BINARY, "x".repeat(65536)), "", maskedFrame],
    [frame(BINARY, "a", { ...plain, reserved: 4 }), "", breach("a reserved bit is set")],
    [frame(3, "", plain), "", breach("reserved opcode 3")],
    [frame(PING, "", { ...plain, fin: false }), "", breach("a fragmented control frame")],
    [
      frame(BINARY, "ab", { ...plain, lengthBytes: 3 }),
      "",
      breach("a length that is not minimal"),
    ],
    [
      frame(TEXT, Uint8Array.of(0xff), plain),
      "",
      { kind: "protocol", code: 1007, reason: "text is not UTF-8" },
    ],
  ];
  for (const [bytes, payload, ended] of cases) {
    const got = parsed(bytes, "client");
    const name = `${bytes.subarray(0, 8)}`;
    assert.equal(new TextDecoder().decode(got.payload), payload, name);
    assert.deepEqual(got.ended, ended, name);
  }
  // And a server refuses what isn't.
  assert.deepEqual(parsed(frame(BINARY, "ab", plain), "server").ended, breach("an unmasked frame"));
});

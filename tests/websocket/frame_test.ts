import assert from "node:assert/strict";
import { HEADROOM } from "../../lib/websocket/client_end.ts";
import {
  closeFrame,
  controlFrames,
  Opcode,
  pingFrame,
  writeHeader,
} from "../../lib/websocket/frame.ts";

Deno.test("`writeHeader()` writes the shortest header right in front of the payload", () => {
  // RFC 6455 section 5.2; the examples of section 5.7 among them.
  const cases: [length: number, header: number[]][] = [
    [0, [0x82, 0]],
    [5, [0x82, 5]],
    [125, [0x82, 125]],
    [126, [0x82, 126, 0, 126]],
    [127, [0x82, 126, 0, 127]],
    [256, [0x82, 126, 1, 0]],
    [65535, [0x82, 126, 255, 255]],
    [65536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
    [70000, [0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]],
    [0x7fffffff, [0x82, 127, 0, 0, 0, 0, 0x7f, 255, 255, 255]],
    [0xfffffffe, [0x82, 127, 0, 0, 0, 0, 255, 255, 255, 254]],
  ];
  for (const [length, header] of cases) {
    const bytes = new Uint8Array(HEADROOM + 4).fill(0xaa);
    const begin = writeHeader(bytes, HEADROOM + 2, length, Opcode.BINARY);
    assert.deepEqual([...bytes.subarray(begin, HEADROOM + 2)], header);
    assert.ok(bytes.subarray(0, begin).every((byte) => byte === 0xaa), "nothing before it");
    assert.ok(bytes.subarray(HEADROOM + 2).every((byte) => byte === 0xaa), "nothing after it");
  }
});

Deno.test("`writeHeader()` sets the opcode, and needs no more than the headroom", () => {
  const bytes = new Uint8Array(HEADROOM);
  assert.equal(writeHeader(bytes, HEADROOM, 65536, Opcode.TEXT), HEADROOM - 10);
  assert.equal(bytes[HEADROOM - 10], 0x81);
});

Deno.test("`closeFrame()` carries code and reason", () => {
  assert.deepEqual([...closeFrame(1000, "")], [0x88, 2, 0x03, 0xe8]);
  assert.deepEqual([...closeFrame(1011, "no")], [0x88, 4, 0x03, 0xf3, 0x6e, 0x6f]);
  assert.deepEqual([...closeFrame(4999, "ü")], [0x88, 4, 0x13, 0x87, 0xc3, 0xbc]);
});

Deno.test("`closeFrame()` is empty for 1005", () => {
  assert.deepEqual([...closeFrame(1005, "unsaid")], [0x88, 0]);
});

Deno.test("`closeFrame()` cuts the reason at 123 bytes, between two characters", () => {
  const cases: [reason: string, bytes: number][] = [
    ["x".repeat(122), 122],
    ["x".repeat(123), 123],
    ["x".repeat(124), 123],
    ["x".repeat(122) + "é", 122],
    ["x".repeat(121) + "é", 123],
    ["x".repeat(121) + "世", 121],
    ["x".repeat(120) + "😀", 120],
    ["😀".repeat(100), 120],
  ];
  for (const [reason, bytes] of cases) {
    const frame = closeFrame(1001, reason);
    assert.equal(frame.length, 4 + bytes);
    assert.equal(frame[1], 2 + bytes);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(frame.subarray(4));
    assert.ok(reason.startsWith(text));
  }
});

Deno.test("`closeFrame()` refuses a code that must not be sent", () => {
  for (const code of [0, 999, 1004, 1006, 1015, 2999, 5000]) {
    assert.throws(() => closeFrame(code, ""), RangeError);
  }
});

Deno.test("`pingFrame()` is a Ping that carries a number", () => {
  assert.deepEqual([...pingFrame(0)], [0x89, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  const most = pingFrame(Number.MAX_SAFE_INTEGER);
  assert.deepEqual([...most], [0x89, 8, 0, 0x1f, 255, 255, 255, 255, 255, 255]);
});

Deno.test("`controlFrames()` tells the control frames that lie in a row apart", () => {
  const row = [0x8a, 0, 0x8a, 2, 1, 2, ...closeFrame(1000, "")];
  assert.deepEqual([...controlFrames(Uint8Array.from(row))], [
    { opcode: Opcode.PONG, bytes: 0 },
    { opcode: Opcode.PONG, bytes: 2 },
    { opcode: Opcode.CLOSE, bytes: 2 },
  ]);
  assert.deepEqual([...controlFrames(new Uint8Array(0))], []);
});

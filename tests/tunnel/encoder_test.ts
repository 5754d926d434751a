import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createEncoder, type Encoder } from "../../lib/tunnel/encoder.ts";
import { HEADROOM } from "../../lib/websocket/client_end.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";

const ENCODINGS = ["binary", "text", "base64"] as const;

/** An encoder over a buffer of its own, which is given what was read from memory. */
function packer(encoding: typeof ENCODINGS[number], length = 256) {
  const wide = wideBytes(new Uint8Array(length));
  const encoder = createEncoder(encoding);
  const space = () => wide.bytes.subarray(encoder.receiveAt(length));
  return {
    packing: encoder,
    space,
    /** Reads `bytes` at once; gives the message, or null when the bytes after it can't be sent. */
    pack(bytes: Uint8Array): { readonly message: Buffer; readonly valid: boolean } {
      space().set(bytes);
      const at = encoder.receiveAt(length);
      const valid = encoder.encode(wide, at, at + bytes.length);
      return { message: messageOf(encoder, wide.bytes), valid };
    },
  };
}

function messageOf({ start, end }: Encoder, bytes: Uint8Array): Buffer {
  assert(start >= HEADROOM);
  assert(end >= start && end <= bytes.length);
  return Buffer.from(bytes.slice(start, end));
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

Deno.test("`Encoder.encode()` sends binary as it is, up to a full buffer", () => {
  const { packing, space, pack } = packer("binary", 64);
  const capacity = space().length;
  assert.equal(capacity, 64 - HEADROOM);
  for (const length of [1, 7, capacity]) {
    const bytes = random(length);
    assert.deepEqual(pack(bytes), { message: Buffer.from(bytes), valid: true });
    assert(packing.complete);
  }
});

Deno.test("`Encoder.encode()` encodes base64 in place at every count and buffer size to full capacity", () => {
  for (let length = 4096; length < 4104; length++) {
    const { packing, space, pack } = packer("base64", length);
    const capacity = space().length;
    assert(capacity > (length - HEADROOM) * 3 / 4 - 3);
    for (const count of [1, 2, 3, 4, 5, 100, capacity - 2, capacity - 1, capacity]) {
      const bytes = random(count);
      const { message, valid } = pack(bytes);
      assert(valid && packing.complete);
      assert.equal(message.toString("latin1"), Buffer.from(bytes).toString("base64"));
    }
  }
});

const TEXT = "a\u00e9\u20ac\u{1f600}\u07ff\u0800\ufffd\u{10ffff}z";

Deno.test("`Encoder.encode()` gives whole characters however UTF-8 is split into three reads", () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let one = 1; one < bytes.length; one++) {
    for (let two = one + 1; two < bytes.length; two++) {
      const { packing, pack } = packer("text");
      let sent = "";
      for (const read of [bytes.slice(0, one), bytes.slice(one, two), bytes.slice(two)]) {
        const { message, valid } = pack(read);
        assert(valid);
        // A decoder that is fatal: each message is whole characters.
        sent += new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message);
      }
      assert.equal(sent, TEXT);
      assert(packing.complete);
    }
  }
});

Deno.test("`Encoder.encode()` sends nothing before a character is whole, and says it is not complete", () => {
  const { packing, pack } = packer("text");
  const bytes = new TextEncoder().encode("\u{1f600}");
  for (const [index, byte] of bytes.entries()) {
    const { message, valid } = pack(Uint8Array.of(byte));
    assert(valid);
    assert.equal(message.length, index < 3 ? 0 : 4);
    assert.equal(packing.complete, index === 3);
  }
});

Deno.test("`Encoder.encode()` takes text that fills the buffer with a character split at its end", () => {
  const { space, pack } = packer("text", 64);
  const bytes = new TextEncoder().encode("\u20ac".repeat(200));
  let sent = Buffer.alloc(0);
  for (let at = 0; at < bytes.length;) {
    const room = space().length;
    assert(room >= 64 - HEADROOM - 3);
    const { message, valid } = pack(bytes.subarray(at, at + room));
    assert(valid);
    sent = Buffer.concat([sent, message]);
    at += Math.min(room, bytes.length - at);
  }
  assert.deepEqual(sent, Buffer.from(bytes));
});

const INVALID: readonly (readonly [why: string, bytes: readonly number[]])[] = [
  ["a stray continuation", [0x80]],
  ["an overlong form", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["what is over U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["a lead without its continuation", [0xc3, 0x41]],
  ["0xff", [0xff]],
];

for (const [why, bad] of INVALID) {
  Deno.test(`\`Encoder.encode()\` gives the text before ${why} and refuses it, however it is split`, () => {
    const bytes = Uint8Array.of(...new TextEncoder().encode("ok\u20ac"), ...bad, 0x41);
    for (let at = 1; at < bytes.length; at++) {
      const { pack } = packer("text");
      let sent = Buffer.alloc(0);
      let valid = true;
      for (const read of [bytes.subarray(0, at), bytes.subarray(at)]) {
        if (!valid) break;
        const packed = pack(read);
        sent = Buffer.concat([sent, packed.message]);
        valid = packed.valid;
      }
      assert.equal(valid, false, `at ${at}`);
      assert.equal(sent.toString(), "ok\u20ac", `at ${at}`);
    }
  });
}

Deno.test("`Encoder.encode()` leaves the frame's header room in front of every message", () => {
  for (const encoding of ENCODINGS) {
    const { packing, pack } = packer(encoding);
    pack(new TextEncoder().encode("text"));
    assert(packing.start >= HEADROOM, encoding);
  }
});

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { sha1Base64 } from "../../lib/http/sha1.ts";

// RFC 3174 section 7.3.
const EXAMPLES: readonly (readonly [text: string, hex: string])[] = [
  ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  ],
  [
    "0123456701234567012345670123456701234567012345670123456701234567".repeat(10),
    "dea356a2cddd90c7a7ecedc5ebb563934f460452",
  ],
];

for (const [text, hex] of EXAMPLES) {
  Deno.test(`\`sha1Base64()\` of ${text.length} characters is as RFC 3174 says`, () => {
    assert.equal(sha1Base64(text), Buffer.from(hex, "hex").toString("base64"));
  });
}

Deno.test("`sha1Base64()` gives what another implementation does, whatever the length and the bytes", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    const text = String.fromCharCode(...bytes);
    assert.equal(sha1Base64(text), createHash("sha1").update(bytes).digest("base64"), text);
  }
});

import assert from "node:assert/strict";
import { acceptKey, isKey } from "../../lib/http/handshake.ts";

Deno.test("`acceptKey()` answers as the example of RFC 6455 section 1.3", () => {
  assert.equal(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("`isKey()` takes the base64 form of any 16 bytes", () => {
  for (let i = 0; i < 1000; i++) {
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    assert(isKey(key), key);
  }
  for (const byte of [0, 255]) assert(isKey(btoa(String.fromCharCode(byte).repeat(16))));
});

Deno.test("`isKey()` takes stray bits behind the 16 bytes, as the example of RFC 6455 section 4.1 has", () => {
  assert(isKey("AQIDBAUGBwgJCgsMDQ4PEC=="));
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const digit of digits) assert(isKey("A".repeat(21) + digit + "=="), digit);
});

const NO_KEYS: readonly (readonly [why: string, key: string])[] = [
  ["an empty one", ""],
  ["15 bytes", btoa("x".repeat(15))],
  ["17 bytes", btoa("x".repeat(17))],
  ["16 bytes without padding", btoa("x".repeat(16)).slice(0, 22)],
  ["one padding", btoa("x".repeat(16)).slice(0, 23)],
  ["one digit less", "AAAAAAAAAAAAAAAAAAAAA=="],
  ["one digit more", "AAAAAAAAAAAAAAAAAAAAAAA=="],
  ["the URL alphabet", "-_AAAAAAAAAAAAAAAAAAAA=="],
  ["a blank in front", " AAAAAAAAAAAAAAAAAAAAAA=="],
  ["a line end behind", "AAAAAAAAAAAAAAAAAAAAAA==\n"],
  ["two keys", "AAAAAAAAAAAAAAAAAAAAAA==, AAAAAAAAAAAAAAAAAAAAAA=="],
  ["padding in the middle", "AAAAAAAAAA==AAAAAAAAAA=="],
];

for (const [why, key] of NO_KEYS) {
  Deno.test(`\`isKey()\` refuses ${why}`, () => assert.equal(isKey(key), false));
}

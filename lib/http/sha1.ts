/**
 * SHA-1 (RFC 3174) of the little that the opening handshake hashes: 1 us, where `node:crypto` takes 3 for its objects alone. It is no
 * protection, and is none in a handshake either (RFC 6455 section 10.8).
 *
 * @module
 */

const BLOCK_BYTES = 64;
const WORDS = 16;

const DIGITS = new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);
const PAD = 0x3d;

/** Six digits each three of 20 bytes, three for the last two, and one that pads. */
export const SHA1_BASE64_BYTES = 28;

/** Of the block at hand, and what it is stretched to (RFC 3174 section 6.1). */
const words = new Int32Array(80);
const hash = new Int32Array(5);

const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

/** The hash of a text of one byte a character, in base64. */
export function sha1Base64(text: string): string {
  const digits = new Uint8Array(SHA1_BASE64_BYTES);
  writeSha1Base64(digits, 0, text);
  let made = "";
  for (const digit of digits) made += String.fromCharCode(digit);
  return made;
}

/** The same, put at a place of a buffer. */
export function writeSha1Base64(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < INITIAL.length; i++) hash[i] = INITIAL[i]!;
  const { length } = text;
  // One bit more, and the length in 64, of which 32 are enough (section 4).
  const blocks = Math.ceil((length + 9) / BLOCK_BYTES);
  for (let block = 0; block < blocks; block++) {
    fill(text, block * BLOCK_BYTES);
    if (block === blocks - 1) words[WORDS - 1] = 8 * length;
    addBlock();
  }
  for (let i = 0; i < SHA1_BASE64_BYTES - 1; i++) bytes[at + i] = DIGITS[sixBits(6 * i)]!;
  bytes[at + SHA1_BASE64_BYTES - 1] = PAD;
}

/** The words of the block that begins at a place, behind the text a bit and zeros. */
function fill(text: string, from: number): void {
  for (let i = 0; i < WORDS; i++) words[i] = 0;
  const to = Math.min(from + BLOCK_BYTES, text.length);
  for (let at = from; at < to; at++) addByte(at - from, text.charCodeAt(at));
  const end = text.length - from;
  if (end >= 0 && end < BLOCK_BYTES) addByte(end, 0x80);
}

function addByte(at: number, byte: number): void {
  words[at >> 2]! |= byte << 24 - 8 * (at & 3);
}

/** Section 6.1: whole numbers all the way, as others they would take five times as long; and a loop for each function of section 5, in place of a choice in each round. */
function addBlock(): void {
  for (let t = WORDS; t < 80; t++) {
    words[t] = rotated(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
  let a = hash[0]!, b = hash[1]!, c = hash[2]!, d = hash[3]!, e = hash[4]!;
  let t = 0;
  for (; t < 20; t++) {
    const next = sum(a, (b & c | ~b & d) + 0x5a827999 | 0, e, t);
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  for (; t < 40; t++) {
    const next = sum(a, (b ^ c ^ d) + 0x6ed9eba1 | 0, e, t);
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  for (; t < 60; t++) {
    const next = sum(a, (b & c | b & d | c & d) - 0x70e44324 | 0, e, t);
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  for (; t < 80; t++) {
    const next = sum(a, (b ^ c ^ d) - 0x359d3e2a | 0, e, t);
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  hash[0]! += a;
  hash[1]! += b;
  hash[2]! += c;
  hash[3]! += d;
  hash[4]! += e;
}

function sum(a: number, mixed: number, e: number, t: number): number {
  return (rotated(a, 5) + mixed | 0) + (e + words[t]! | 0) | 0;
}

function rotated(word: number, bits: number): number {
  return word << bits | word >>> 32 - bits;
}

/** The six bits of the hash that begin at one; what is behind its end is 0. */
function sixBits(bit: number): number {
  const [word, within] = [bit >>> 5, bit & 31];
  const first = hash[word]! << within >>> 26;
  return within <= 26 ? first : first | (word < 4 ? hash[word + 1]! : 0) >>> 58 - within;
}

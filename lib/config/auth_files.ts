/**
 * What stands in the files that `auth` names, and what is wrong with it; nothing of it is ever repeated.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { nodeCrypto } from "../base/node_crypto.ts";
import { utf8Text } from "../base/small_file.ts";
import type { Algorithm } from "./auth_kinds.ts";
import { type ParsedLines, parsePasswordLines, parseTokenLines } from "./auth_lines.ts";
import { nameLines } from "./line_problems.ts";

/** What a file holds, or what is wrong with it, in words that go behind its name. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

/** Reads what a file holds. */
export type Reader<T> = (bytes: Uint8Array<ArrayBuffer>) => Read<T>;

/** The users of `basic`: hashes by name. */
export const readPasswords: Reader<ReadonlyMap<string, string>> = (bytes) =>
  readLines(bytes, parsePasswordLines);

/** The tokens of `token`: names by digest. */
export const readTokens: Reader<ReadonlyMap<string, string>> = (bytes) =>
  readLines(bytes, parseTokenLines);

const NO_TEXT = "is not UTF-8 text";

function readLines(
  bytes: Uint8Array,
  parse: (text: string) => ParsedLines,
): Read<ReadonlyMap<string, string>> {
  const text = utf8Text(bytes);
  if (text === null) return { problem: NO_TEXT };
  const parsed = parse(text);
  if ("entries" in parsed) return { value: parsed.entries };
  return { problem: nameLines(parsed.problems) };
}

/** RFC 7518 section 3.2: not fewer than HS256 gives. */
const MIN_SECRET_BYTES = 32;

const [CR, LF] = [0x0d, 0x0a];

/** The secret of `secret-file`; a newline at its end is an editor's. */
export const readSecret: Reader<Uint8Array<ArrayBuffer>> = (bytes) => {
  let end = bytes.length;
  if (bytes[end - 1] === LF) end--;
  if (bytes[end - 1] === CR) end--;
  if (end >= MIN_SECRET_BYTES) return { value: bytes.slice(0, end) };
  return { problem: `must have a secret of at least ${MIN_SECRET_BYTES} bytes (RFC 7518)` };
};

/** A public key as RFC 7517 and RFC 7518 section 6 have it. */
export type PublicJwk = Readonly<Record<string, unknown>> & { readonly kty: string };

/** RFC 7518 section 3.3: a smaller RSA key must not be used. */
const MIN_RSA_BITS = 2048;

const PEM_RULE = "must hold a public key as PEM, which begins with -----BEGIN PUBLIC KEY-----";
const KIND_RULE = `must hold a key of RSA with ${MIN_RSA_BITS} bits or more, of the curve P-256, ` +
  "P-384 or P-521, or Ed25519";

/** The public key of `key`. */
export const readPublicKey: Reader<PublicJwk> = (bytes) => {
  const text = utf8Text(bytes) ?? "";
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { problem: `${PEM_RULE}; this is a private one, which belongs to who makes tokens` };
  }
  if (!/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(text)) return { problem: PEM_RULE };
  try {
    const value = nodeCrypto().createPublicKey(text).export({ format: "jwk" }) as PublicJwk;
    const isShort = value.kty === "RSA" && bitsOf(String(value["n"])) < MIN_RSA_BITS;
    return isShort || algorithmsFor(value).length === 0 ? { problem: KIND_RULE } : { value };
  } catch {
    return { problem: `${PEM_RULE}: what stands there can't be read` };
  }
};

/** Of a whole number in base64url. */
function bitsOf(base64url: string): number {
  const bytes = Buffer.from(base64url, "base64url");
  return bytes.length * 8 - Math.clz32(bytes[0] ?? 0) + 24;
}

/** What a public key may have signed with: never HMAC, for which it would be a secret that everybody knows (RFC 8725 section 2.1). */
export function algorithmsFor(
  { kty, crv }: Readonly<Record<string, unknown>>,
): readonly Algorithm[] {
  if (kty === "RSA") return ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
  return CURVES[String(crv)] ?? [];
}

const CURVES: Readonly<Record<string, readonly Algorithm[]>> = {
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  "Ed25519": ["EdDSA"],
};

/** A JSON Web Key Set, RFC 7517 section 5. */
export interface KeySet {
  readonly keys: Record<string, unknown>[];
}

/** The keys of `jwks`; what kind each is of, its user sees. */
export const readKeySet: Reader<KeySet> = (bytes) => {
  const rule = 'must hold a JSON Web Key Set: { "keys": [...] }';
  try {
    const value = JSON.parse(utf8Text(bytes) ?? "");
    const isSet = Array.isArray(value?.keys) &&
      value.keys.every((key: unknown) => typeof key === "object" && key !== null);
    return isSet ? { value: { keys: value.keys } } : { problem: rule };
  } catch {
    return { problem: rule };
  }
};

/**
 * JSON Web Tokens (`jwt`). The one file that knows the JOSE library, which is loaded with the first token.
 *
 * What may have signed a token follows from the key, never from the token: a secret takes HMAC alone, a public key what is made for its kind, a key
 * set no HMAC at all (RFC 8725 section 3.1). The library refuses `none`, extensions that it doesn't know (`crit`), encrypted tokens, and looks at no key
 * that a token brings along.
 *
 * @module
 */
import type { JSONWebKeySet, JWK, JWTPayload, JWTVerifyOptions } from "jose";
import {
  algorithmsFor,
  type KeySet,
  readKeySet,
  readPublicKey,
  readSecret,
} from "../config/auth_files.ts";
import {
  type Algorithm,
  isUrl,
  KEY_ALGORITHMS,
  SECRET_ALGORITHMS,
  type TokenPlace,
} from "../config/auth_kinds.ts";
import type { JwtConfig } from "../config/auth_keys.ts";
import type { Emit } from "../events/events.ts";
import { findToken } from "../http/credentials.ts";
import { createKeyUrl, type KeyUrl } from "./key_url.ts";
import type { WatchedFiles } from "./watched_file.ts";
import { type Proof, unable, type Way } from "./way.ts";

type Jose = typeof import("jose");

/** A set from which a token names its key, or the one key that there is. */
type Keys = { readonly set: KeySet } | { readonly key: JWK | Uint8Array };

/** Where keys come from. */
interface KeySource {
  /** Null: there are none. */
  keys(): Promise<Keys | null>;
  /** Newer ones, for a token that names none of these; null: there are none. */
  newer?(keys: KeySet): Promise<Keys | null>;
  close?(): void;
}

/** A way that keeps something open. */
export interface JwtWay extends Way {
  close(): void;
}

export interface JwtWayOptions {
  readonly places: readonly TokenPlace[];
  readonly files: WatchedFiles;
  readonly emit: Emit;
}

/** The way by JSON Web Tokens. */
export function createJwtWay(config: JwtConfig, { places, files, emit }: JwtWayOptions): JwtWay {
  const source = createKeySource(config, files, emit);
  const verify = createVerifier(config, source);
  return {
    asksFor: "token",
    prove({ head }) {
      const found = findToken(head, places);
      if (found === null) return null;
      if ("problem" in found) return Promise.resolve({ wrong: found.problem });
      return verify(found.token);
    },
    close: () => source.close?.(),
  };
}

function createKeySource(
  { secretFile, key, jwks }: JwtConfig,
  files: WatchedFiles,
  emit: Emit,
): KeySource {
  if (jwks !== undefined && isUrl(jwks)) return fromUrl(createKeyUrl(jwks, emit));
  if (jwks !== undefined) {
    const file = files.watch(jwks, readKeySet);
    return { keys: () => Promise.resolve(file.value && { set: file.value }) };
  }
  const file = key !== undefined
    ? files.watch(key, readPublicKey)
    : files.watch(secretFile!, readSecret);
  return { keys: () => Promise.resolve(file.value && { key: file.value }) };
}

function fromUrl({ keys, newer, close }: KeyUrl): KeySource {
  const asSet = (set: KeySet | null) => set && { set };
  return {
    keys: () => keys().then(asSet),
    newer: (held) => newer(held).then(asSet),
    close,
  };
}

/** What may have signed a token, by the key. */
function algorithmsOf(keys: Keys): readonly Algorithm[] {
  if ("set" in keys) return KEY_ALGORITHMS;
  return keys.key instanceof Uint8Array ? SECRET_ALGORITHMS : algorithmsFor(keys.key);
}

function createVerifier(config: JwtConfig, source: KeySource): (token: string) => Promise<Proof> {
  const { issuers, audiences, required, leewayMs, userClaim } = config;
  const options: JWTVerifyOptions = {
    requiredClaims: [...required],
    clockTolerance: leewayMs / 1000,
    ...(issuers && { issuer: [...issuers] }),
    ...(audiences && { audience: [...audiences] }),
  };

  async function claimsOf(jose: Jose, token: string, keys: Keys): Promise<JWTPayload> {
    const algorithms = algorithmsOf(keys).filter((name) =>
      config.algorithms?.includes(name) ?? true
    );
    const all = { ...options, algorithms };
    if ("key" in keys) return (await jose.jwtVerify(token, keys.key, all)).payload;
    const set = keys.set as unknown as JSONWebKeySet;
    try {
      return (await jose.jwtVerify(token, jose.createLocalJWKSet(set), all)).payload;
    } catch (error) {
      if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error;
      return await firstOf(jose, error, (key) => jose.jwtVerify(token, key, all));
    }
  }

  return async (token) => {
    const jose = await import("jose");
    const keys = await source.keys();
    if (keys === null) return unable("there are no keys to verify tokens by");
    try {
      const payload = await claimsOf(jose, token, keys).catch(async (error) => {
        const isUnknown = error instanceof jose.errors.JWKSNoMatchingKey;
        const newer = isUnknown && "set" in keys ? await source.newer?.(keys.set) : null;
        if (!newer) throw error;
        return await claimsOf(jose, token, newer);
      });
      return { user: userOf(payload[userClaim]), claims: payload };
    } catch (error) {
      return { wrong: whyWrong(error) };
    }
  };
}

/** A token that names no key is tried with each that it may be of. */
async function firstOf(
  jose: Jose,
  keys: AsyncIterable<CryptoKey>,
  verify: (key: CryptoKey) => Promise<{ readonly payload: JWTPayload }>,
): Promise<JWTPayload> {
  let last: unknown;
  for await (const key of keys) {
    try {
      return (await verify(key)).payload;
    } catch (error) {
      if (!(error instanceof jose.errors.JWSSignatureVerificationFailed)) throw error;
      last = error;
    }
  }
  throw last;
}

function userOf(claim: unknown): string | null {
  return typeof claim === "string" || typeof claim === "number" ? String(claim) : null;
}

/** Which check has failed, by the library's codes; nothing of the token is told but the name of a claim that was looked for. */
function whyWrong(error: unknown): string {
  const { code, claim, reason } = error as { code?: string; claim?: string; reason?: string };
  switch (code) {
    case "ERR_JWT_EXPIRED":
      return "the token has expired";
    case "ERR_JWT_CLAIM_VALIDATION_FAILED":
      return `the token's claim ${claim} is ${
        reason === "missing" ? "missing" : "not as it must be"
      }`;
    case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
      return "the token's signature is wrong";
    case "ERR_JOSE_ALG_NOT_ALLOWED":
      return "the token is signed by an algorithm that is not for the key";
    case "ERR_JWKS_NO_MATCHING_KEY":
      return "the token is of no key that is known";
    default:
      return "the token is no JSON Web Token that can be verified";
  }
}

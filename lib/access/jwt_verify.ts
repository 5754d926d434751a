/**
 * Whether a JSON Web Token holds. The one file that knows the JOSE library, and loaded with the first token.
 *
 * The library refuses `none`, extensions that it doesn't know (`crit`), encrypted tokens, and looks at no key that a token brings along.
 *
 * @module
 */
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import type { KeySet, PublicJwk } from "../config/auth_files.ts";
import type { Algorithm } from "../config/auth_kinds.ts";
import type { JwtConfig } from "../config/auth_keys.ts";
import type { Claims } from "./access.ts";

/** A set from which a token names its key, or the one key that there is. */
export type Keys = { readonly set: KeySet } | { readonly key: PublicJwk | Uint8Array };

/** What a token says, or why it doesn't hold; `unknown`: there is no key for it. */
export type Verified =
  | { readonly claims: Claims }
  | { readonly wrong: string; readonly unknown: boolean };

/** Verifies a token that one of these algorithms must have signed. */
export async function verifyJwt(
  token: string,
  keys: Keys,
  algorithms: readonly Algorithm[],
  { issuers, audiences, required, leewayMs }: JwtConfig,
): Promise<Verified> {
  const options = {
    algorithms: [...algorithms],
    requiredClaims: [...required],
    clockTolerance: leewayMs / 1000,
    ...(issuers && { issuer: [...issuers] }),
    ...(audiences && { audience: [...audiences] }),
  };
  try {
    return { claims: await claimsOf(token, keys, options) };
  } catch (error) {
    return { wrong: whyWrong(error), unknown: error instanceof errors.JWKSNoMatchingKey };
  }
}

async function claimsOf(
  token: string,
  keys: Keys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  if ("key" in keys) return (await jwtVerify(token, keys.key as JWK | Uint8Array, options)).payload;
  try {
    const set = createLocalJWKSet(keys.set as unknown as JSONWebKeySet);
    return (await jwtVerify(token, set, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return await claimsByAny(token, error, options);
  }
}

/** A token that names no key is tried with each that it may be of. */
async function claimsByAny(
  token: string,
  keys: AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let last: unknown;
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      last = error;
    }
  }
  throw last;
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

/**
 * JSON Web Tokens (`jwt`).
 *
 * What may have signed a token follows from the key, never from the token: a secret takes HMAC alone, a public key what is made for its kind, a key
 * set no HMAC at all (RFC 8725 section 3.1).
 *
 * @module
 */
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
import type { Keys } from "./jwt_verify.ts";
import { createKeyUrl, type KeyUrl } from "./key_url.ts";
import type { Holding } from "./kept.ts";
import type { Watch } from "./watched_file.ts";
import { type Proof, unable, type Way } from "./way.ts";

/** Where keys come from. */
interface KeySource {
  /** Null: there are none. */
  keys(): Promise<Keys | null>;
  /** Newer ones, for a token that names none of these; null: there are none. */
  newer?(keys: KeySet): Promise<Keys | null>;
}

export interface JwtWayOptions {
  readonly places: readonly TokenPlace[];
  /** Keys behind a URL are the same for all who have them from there: the next configuration neither waits for them nor asks again. */
  readonly holding: Holding;
  readonly watch: Watch;
  readonly emit: Emit;
}

/** The way by JSON Web Tokens. */
export function createJwtWay(config: JwtConfig, options: JwtWayOptions): Way {
  const { places } = options;
  const verify = createVerifier(config, createKeySource(config, options));
  return {
    asksFor: "token",
    prove({ head }) {
      const found = findToken(head, places);
      if (found === null) return null;
      if ("problem" in found) return Promise.resolve({ wrong: found.problem });
      return verify(found.token);
    },
  };
}

function createKeySource(
  { secretFile, key, jwks }: JwtConfig,
  { holding, watch, emit }: JwtWayOptions,
): KeySource {
  if (jwks !== undefined && isUrl(jwks)) {
    return fromUrl(holding.get(`keys ${jwks}`, () => createKeyUrl(jwks, emit)));
  }
  if (jwks !== undefined) {
    const file = watch(jwks, readKeySet);
    return { keys: () => Promise.resolve(file.value && { set: file.value }) };
  }
  const file = key !== undefined ? watch(key, readPublicKey) : watch(secretFile!, readSecret);
  return { keys: () => Promise.resolve(file.value && { key: file.value }) };
}

function fromUrl({ keys, newer }: KeyUrl): KeySource {
  const asSet = (set: KeySet | null) => set && { set };
  return {
    keys: () => keys().then(asSet),
    newer: (held) => newer(held).then(asSet),
  };
}

/** What may have signed a token, of what the configuration takes. */
function algorithmsOf(keys: Keys, { algorithms }: JwtConfig): readonly Algorithm[] {
  return algorithmsForKeys(keys).filter((name) => algorithms?.includes(name) ?? true);
}

function algorithmsForKeys(keys: Keys): readonly Algorithm[] {
  if ("set" in keys) return KEY_ALGORITHMS;
  return keys.key instanceof Uint8Array ? SECRET_ALGORITHMS : algorithmsFor(keys.key);
}

function createVerifier(config: JwtConfig, source: KeySource): (token: string) => Promise<Proof> {
  return async (token) => {
    const { verifyJwt } = await import("./jwt_verify.ts");
    const keys = await source.keys();
    if (keys === null) return unable("there are no keys to verify tokens by");
    const verify = (keys: Keys) => verifyJwt(token, keys, algorithmsOf(keys, config), config);
    let verified = await verify(keys);
    if ("wrong" in verified && verified.unknown && "set" in keys) {
      const newer = await source.newer?.(keys.set);
      if (newer) verified = await verify(newer);
    }
    if ("wrong" in verified) return { wrong: verified.wrong };
    const { claims } = verified;
    return { user: userOf(claims[config.userClaim]), claims };
  };
}

function userOf(claim: unknown): string | null {
  return typeof claim === "string" || typeof claim === "number" ? String(claim) : null;
}

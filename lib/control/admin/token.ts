/**
 * The token of `admin-token-file`, and who shows it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { nodeCrypto } from "../../base/node_crypto.ts";

/** What a request shows: the token, as a password too where that is `allowed` to be, since a browser asks for one. */
export function shownToken(authorization: string | null, asPassword: boolean): string | null {
  const [, scheme, shown] = /^(\w+) +(\S+) *$/.exec(authorization ?? "") ?? [];
  if (shown === undefined) return null;
  if (scheme!.toLowerCase() === "bearer") return shown;
  if (scheme!.toLowerCase() !== "basic" || !asPassword) return null;
  return Buffer.from(shown, "base64").toString("latin1").replace(/^[^:]*:/, "");
}

/** Compares digests, so that the time it takes tells nothing of the token. */
export function isToken(shown: string, token: string): boolean {
  const { createHash, timingSafeEqual } = nodeCrypto();
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(shown), digest(token));
}

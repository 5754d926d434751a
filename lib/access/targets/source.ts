/**
 * What says where a token leads, wherever it is kept.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";

/** What became of a token. No word of it holds the token. */
export type Found =
  | { readonly address: Address }
  /** It leads nowhere, and why. */
  | { readonly unknown: string }
  /** Nobody can say where it leads, and why: that is an outage, not the client's doing. */
  | { readonly failed: string }
  /** So many ask already that nobody was asked. */
  | { readonly busy: string };

export interface TargetSource {
  /** Never rejects. */
  find(token: string, signal: AbortSignal): Promise<Found>;
  /** Reads again at once what has changed, and tells of what is wrong with it. */
  look?(): void;
  /** Lets go of what it watches and keeps open, once those have been told who ask now. */
  close(): void;
}

/** So much of a token is a part of it that nobody may see: Redis repeats no more than the beginning of a long one. */
const PART_CHARACTERS = 16;

/** What others say of an error, unless it holds the token, which some of them repeat. */
export function withoutToken(said: string, token: string): string {
  const parts = [token, encodeURIComponent(token)].map((form) => form.slice(0, PART_CHARACTERS));
  return parts.some((part) => said.includes(part)) ? "the reason has the token in it" : said;
}

export const NO_SUCH_TOKEN: Found = { unknown: "there is no such token" };

export const NO_TARGET: Found = { unknown: "what the token leads to is no host:port" };

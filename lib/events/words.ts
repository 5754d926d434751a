/**
 * What a peer chose to say, cut to what is fit to be told of: the one place where that is done.
 *
 * @module
 */
import { shorten } from "../base/shorten.ts";

/** A peer's words that have been through {@linkcode peerWords}: an event takes no others. */
export type PeerWords = string & { readonly [SHORT]: true };

declare const SHORT: unique symbol;

/** A line each for whoever asks must not fill the disk. */
const MAX_CHARACTERS = 200;

/** Shortens what a peer said; a copy, which keeps none of what it was a part of in memory. */
export function peerWords(text: string): PeerWords {
  return shorten(text, MAX_CHARACTERS) as PeerWords;
}

/** The same of a header field; one that isn't there was not said. */
export function peerWordsOf(value: string | null): PeerWords | undefined {
  return value === null ? undefined : peerWords(value);
}

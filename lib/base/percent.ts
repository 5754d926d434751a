/**
 * Percent-encoding, RFC 3986 section 2.1.
 *
 * @module
 */

/** The text in UTF-8 that is encoded, decoded once; null: it is none. An overlong form, a surrogate and what is beyond Unicode are none. */
export function decodePercent(text: string): string | null {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.isWellFormed() ? decoded : null;
  } catch {
    return null;
  }
}

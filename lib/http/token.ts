/**
 * Tokens of HTTP, RFC 9110 section 5.6.2: methods, field names, the words of most lists.
 *
 * @module
 */

const CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";

/** By code: that of the lower-case form, 0 of what no token has. */
const LOWER = new Uint8Array(0x80);
for (const character of CHARACTERS) {
  const lower = character.charCodeAt(0);
  LOWER[lower] = LOWER[character.toUpperCase().charCodeAt(0)] = lower;
}

/** The code of a token's character in lower case; 0: it is none, or is behind the end of the text. */
export function tokenCode(text: string, at: number): number {
  return LOWER[text.charCodeAt(at)] ?? 0;
}

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (tokenCode(text, at) === 0) return false;
  return text !== "";
}

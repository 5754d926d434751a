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
function tokenCode(text: string, at: number): number {
  return LOWER[text.charCodeAt(at)] ?? 0;
}

/** Whether a text is a token that is given in lower case, whatever its own case is. */
export function isSameToken(text: string, token: string): boolean {
  return text.length === token.length && isTokenAt(text, 0, token);
}

/** Whether a token that is given in lower case stands at a place of a text. */
export function isTokenAt(text: string, at: number, token: string): boolean {
  for (let i = 0; i < token.length; i++) {
    if (tokenCode(text, at + i) !== token.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (tokenCode(text, at) === 0) return false;
  return text !== "";
}

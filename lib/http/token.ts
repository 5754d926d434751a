/**
 * Tokens of HTTP, RFC 9110 section 5.6.2: methods, field names, the words of most lists.
 *
 * @module
 */

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/**
 * The value of `Host`, RFC 9110 section 7.2: a host and perhaps a port, by the grammar of RFC 3986 section 3.2.
 *
 * @module
 */

/** A name of unreserved characters, sub-delims and escapes, or an IP literal in brackets; a port may be empty. */
const AUTHORITY =
  /^(?:\[[0-9A-Za-z:.~_!$&'()*+,;=-]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d*)?$/;

/** Whether a text is a host, with or without a port, and nothing else. */
export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}

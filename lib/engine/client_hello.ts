/**
 * How a TLS connection begins: the name that the client asks for, before anything is answered. Decisions over bytes, for whoever reads them.
 *
 * The runtime's own way (`SNICallback`) hangs on a hello that comes in more than 4 KiB at once, and keeps whatever a client sends behind it
 * (measured on 2.9.6).
 *
 * @module
 */

/** RFC 8446 section 5.1: the type of a record in which a handshake begins; no HTTP request starts with it. */
export const HANDSHAKE = 0x16;

/** RFC 8446 section 4. */
const CLIENT_HELLO = 1;

/** RFC 6066 section 3: the extension, and the one type of name that there is. */
const SERVER_NAME = 0;
const HOST_NAME = 0;

const RECORD_HEADER_BYTES = 5;
/** Type and length of the message, version, random. */
const HELLO_FIXED_BYTES = 4 + 2 + 32;

/** RFC 8446 section 5.1: what a record may hold. */
const MAX_RECORD_BYTES = 16 * 1024;

/** A whole record, and no client's hello needs a second. */
export const MAX_HELLO_BYTES = RECORD_HEADER_BYTES + MAX_RECORD_BYTES;

/** The name that is asked for, in lower case; null where none is, or where it stands in no first record. */
export type ServerName = "incomplete" | { readonly name: string | null };

const NONE = { name: null };

/** Looks into the record that begins at 0; called again as more comes. What is no hello is left to who shakes hands. */
export function readServerName(bytes: Uint8Array): ServerName {
  if (bytes.length < RECORD_HEADER_BYTES) return "incomplete";
  const length = bytes[3]! << 8 | bytes[4]!;
  if (bytes[0] !== HANDSHAKE || length > MAX_RECORD_BYTES) return NONE;
  const end = RECORD_HEADER_BYTES + length;
  if (bytes.length < end) return "incomplete";
  return { name: findName(bytes.subarray(RECORD_HEADER_BYTES, end)) };
}

/** Null also where lengths lead past the end. */
function findName(hello: Uint8Array): string | null {
  if (hello[0] !== CLIENT_HELLO) return null;
  // The session, cipher suites, compression methods: each a length and so many bytes (RFC 8446 section 4.1.2).
  let at = HELLO_FIXED_BYTES;
  at += 1 + (hello[at] ?? 0);
  at += 2 + number16(hello, at);
  at += 1 + (hello[at] ?? 0);
  const end = Math.min(hello.length, at + 2 + number16(hello, at));
  at += 2;
  while (at + 4 <= end) {
    const [type, length] = [number16(hello, at), number16(hello, at + 2)];
    at += 4;
    if (type === SERVER_NAME) return nameIn(hello.subarray(at, Math.min(end, at + length)));
    at += length;
  }
  return null;
}

/** A list of which the first is the only one (RFC 6066 section 3). */
function nameIn(list: Uint8Array): string | null {
  const name = list.subarray(5, 5 + number16(list, 3));
  if (list[2] !== HOST_NAME || name.length === 0) return null;
  return String.fromCharCode(...name).toLowerCase();
}

/** 0 past the end. */
function number16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}

/**
 * What the opening handshake asks of a request (RFC 6455 section 4.2.1) and what answers it (section 4.2.2).
 *
 * @module
 */
import { listHasToken, type RequestHead } from "./request.ts";
import { SHA1_BASE64_BYTES, sha1Base64, writeSha1Base64 } from "./sha1.ts";

/** RFC 6455 section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * The base64 form of 16 bytes. The last digit carries two of their bits; what its other four are no decoder asks (RFC 4648
 * section 3.5), and the example of RFC 6455 section 4.1 has some set.
 */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** The `Sec-WebSocket-Accept` that answers a key. */
export function acceptKey(key: string): string {
  return sha1Base64(key + GUID);
}

/** The same, put at a place of a buffer; gives where it ends. */
export function writeAcceptKey(bytes: Uint8Array, at: number, key: string): number {
  writeSha1Base64(bytes, at, key + GUID);
  return at + SHA1_BASE64_BYTES;
}

/** Whether a `Sec-WebSocket-Key` is the base64 form of 16 bytes. */
export function isKey(key: string): boolean {
  return KEY.test(key);
}

/** Says why a request is no upgrade to a WebSocket, or null when it is one. */
export function whyNoUpgrade(head: RequestHead): string | null {
  if (head.method !== "GET") return `a WebSocket opens with GET, not ${head.method}`;
  if (head.version === "1.0") return "a WebSocket opens with HTTP/1.1, not HTTP/1.0";
  if (!listHasToken(head.headers.get("upgrade"), "websocket")) {
    return "this path serves WebSockets only: send Upgrade: websocket";
  }
  if (!listHasToken(head.headers.get("connection"), "upgrade")) {
    return "the Connection header must contain upgrade; does a proxy in between take it out?";
  }
  return null;
}

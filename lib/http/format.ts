/**
 * Answers as bytes on the wire (RFC 9112 section 4), for the engine that writes them itself.
 *
 * @module
 */
import { type Answer, REASON_PHRASES } from "./answer.ts";
import { acceptKey, writeAcceptKey } from "./handshake.ts";

const encoder = new TextEncoder();

/**
 * A plain answer. `withBody` is false for the answer to HEAD, which has the length of the body that it leaves out. `closes`: the connection
 * ends behind it.
 */
export function formatAnswer(
  { status, headers, body }: Answer,
  withBody: boolean,
  now: Date,
  closes = true,
): Uint8Array<ArrayBuffer> {
  const length = { "content-length": String(encoder.encode(body).length) };
  const head = formatHead({ status, headers: { ...headers, ...length } }, now, closes);
  return encoder.encode(withBody ? head + body : head);
}

/** The head of an answer, its empty line among it. */
export function formatHead(
  { status, headers }: Pick<Answer, "status" | "headers">,
  now: Date,
  closes: boolean,
): string {
  // RFC 9110 section 7.8: who sends Upgrade names it in Connection, too.
  const connection = [...(closes ? ["close"] : []), ...("upgrade" in headers ? ["upgrade"] : [])];
  const lines = [
    `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? "Unknown"}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `date: ${now.toUTCString()}`,
    ...(connection.length > 0 ? [`connection: ${connection.join(", ")}`] : []),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** The answer that opens a WebSocket (RFC 6455 section 4.2.2). */
export function formatUpgrade(key: string, protocol: string | null): Uint8Array<ArrayBuffer> {
  return encoder.encode(UPGRADE + acceptKey(key) + behindKey(protocol));
}

/** The same, put at the beginning of a buffer that has room for it; gives where it ends. */
export function writeUpgrade(bytes: Uint8Array, key: string, protocol: string | null): number {
  bytes.set(UPGRADE_BYTES);
  const end = writeAcceptKey(bytes, UPGRADE_BYTES.length, key);
  return writeAscii(bytes, end, behindKey(protocol));
}

const UPGRADE = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n" +
  "connection: Upgrade\r\nsec-websocket-accept: ";
const UPGRADE_BYTES = encoder.encode(UPGRADE);

function behindKey(protocol: string | null): string {
  return protocol === null ? "\r\n\r\n" : `\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`;
}

/** A protocol is a token, so that all of it is ASCII. */
function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

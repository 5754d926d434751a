/**
 * Answers as bytes on the wire (RFC 9112 section 4), for the engine that writes them itself.
 *
 * @module
 */
import { type Answer, REASON_PHRASES } from "./answer.ts";
import { acceptKey } from "./handshake.ts";

const encoder = new TextEncoder();

/**
 * A plain answer, after which the connection ends. `withBody` is false for the answer to HEAD, which has the length of
 * the body that it leaves out.
 */
export function formatAnswer(
  { status, headers, body }: Answer,
  withBody: boolean,
  now: Date,
): Uint8Array<ArrayBuffer> {
  // RFC 9110 section 7.8: who sends Upgrade names it in Connection, too.
  const connection = "upgrade" in headers ? "close, upgrade" : "close";
  const lines = [
    `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? "Unknown"}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `date: ${now.toUTCString()}`,
    `content-length: ${encoder.encode(body).length}`,
    `connection: ${connection}`,
    "",
    withBody ? body : "",
  ];
  return encoder.encode(lines.join("\r\n"));
}

/** The answer that opens a WebSocket (RFC 6455 section 4.2.2). */
export function formatUpgrade(key: string, protocol: string | null): Uint8Array<ArrayBuffer> {
  const chosen = protocol === null ? "" : `sec-websocket-protocol: ${protocol}\r\n`;
  return encoder.encode(
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n" +
      `sec-websocket-accept: ${acceptKey(key)}\r\n${chosen}\r\n`,
  );
}

/**
 * The opening handshake as a client begins it (RFC 6455 section 4.1) and judges its answer.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { AnswerHead } from "./answer_head.ts";
import { acceptKey } from "./handshake.ts";
import { listElements, listHasToken } from "./request.ts";

/** Bytes of the nonce that a key is made of. */
export const NONCE_BYTES = 16;

/** What a client asks for. */
export interface HandshakeRequest {
  /** For Host: a host, and its port unless that is the scheme's. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** See {@linkcode handshakeKey}. */
  readonly key: string;
  /** Subprotocols that are offered, each a token, the best first. */
  readonly subprotocols: readonly string[];
  /** Further fields; the values are the caller's to have checked, bytes beyond ASCII go as UTF-8. @default none */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** A handshake that opened a WebSocket, or what is wrong with it, in words that go on from "a tunnel". */
export type Opened =
  | {
    /** Which of the offered subprotocols the server chose; null: none. */
    readonly subprotocol: string | null;
  }
  | { readonly problem: string };

/** The key for a nonce of {@linkcode NONCE_BYTES} random bytes. */
export function handshakeKey(nonce: Uint8Array): string {
  return Buffer.from(nonce).toString("base64");
}

/** The request's head. */
export function formatHandshake(
  { authority, target, key, subprotocols, headers = [] }: HandshakeRequest,
): Uint8Array<ArrayBuffer> {
  const offer = subprotocols.length === 0
    ? ""
    : `Sec-WebSocket-Protocol: ${subprotocols.join(", ")}\r\n`;
  const more = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new TextEncoder().encode(
    `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\n` +
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      `Sec-WebSocket-Key: ${key}\r\n${offer}${more}\r\n`,
  );
}

/** Judges an answer with status 101. Whether it must have chosen a subprotocol is for the caller to say. */
export function readOpened(
  { version, headers }: AnswerHead,
  { key, subprotocols }: Pick<HandshakeRequest, "key" | "subprotocols">,
): Opened {
  if (headers.get("sec-websocket-accept") !== acceptKey(key)) {
    return { problem: "with a wrong Sec-WebSocket-Accept" };
  }
  if (version === "1.0") return { problem: "by HTTP/1.0" };
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return { problem: "without Upgrade: websocket" };
  }
  if (!listHasToken(headers.get("connection"), "upgrade")) {
    return { problem: "without Connection: Upgrade" };
  }
  if (listElements(headers.get("sec-websocket-extensions")).some((name) => name !== "")) {
    return { problem: "with an extension that was not offered" };
  }
  const subprotocol = headers.get("sec-websocket-protocol");
  if (subprotocol !== null && !subprotocols.includes(subprotocol)) {
    return { problem: "with a subprotocol that was not offered" };
  }
  return { subprotocol };
}

/**
 * Which of the offered subprotocols a tunnel speaks, and with it how bytes are put into messages.
 *
 * @module
 */
import type { FrameType } from "../config/config.ts";
import { listElements } from "./request.ts";

/** How bytes become the payload of messages. */
export type Encoding = "binary" | "text" | "base64";

export interface ChosenSubprotocol {
  /** For `Sec-WebSocket-Protocol`; null: the answer names none. */
  readonly protocol: string | null;
  readonly encoding: Encoding;
}

/**
 * Chooses from a `Sec-WebSocket-Protocol` header (RFC 6455 section 4.2.2). `binary` and `base64`, which websockify's
 * clients offer, say how bytes are sent and go before the accepted names; those keep the configured frame type.
 */
export function chooseSubprotocol(
  offered: string | null,
  accepted: readonly string[],
  frameType: FrameType,
): ChosenSubprotocol {
  const names = listElements(offered);
  if (names.includes("binary")) return { protocol: "binary", encoding: "binary" };
  if (names.includes("base64")) return { protocol: "base64", encoding: "base64" };
  const protocol = names.find((name) => accepted.includes(name)) ?? null;
  return { protocol, encoding: frameType };
}

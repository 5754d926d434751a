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
  /** What was offered where nothing of it is spoken here, as it was sent; null where something is, or nothing was offered. */
  readonly declined: string | null;
}

/**
 * The subprotocols of IANA's registry, and the one that MQTT had before it was there, whose messages are pieces of a stream
 * of bytes, the same that goes over TCP, in binary frames: just what a tunnel carries. Where nobody configured others, a client
 * that offers one of them is right here, if the backend speaks it; if not, it hears that from the backend.
 *
 * - `mqtt`: packets are sent in binary frames and don't align with them (MQTT 3.1.1 section 6, MQTT-6.0.0-1 and -2).
 * - `mqttv3.1`: what clients of MQTT 3.1 offer; the same, though no document says so.
 * - `amqp`: AMQP 1.0 in binary messages (AMQP WebSocket Binding 1.0, section 2); its frames have their own length (AMQP 1.0
 *   part 2, section 2.3.1), and clients cut them into messages as they like.
 * - `rfb`: VNC, which runs over any transport, byte stream or message based (RFC 6143 section 7).
 *
 * Not among them, since there a message is a unit that no stream has:
 *
 * - `xmpp`: each message is one stanza, without the stream's own element around all (RFC 7395 section 3.3).
 * - `v10.stomp`, `v11.stomp`, `v12.stomp`: registered by STOMP's own documents, which say nothing of WebSocket; clients in use take
 *   each text message for whole STOMP frames.
 * - `sip`, `msrp`, `wamp`, `ocpp` and the like: one message of theirs in each (RFC 7118 section 5, RFC 7977 section 5).
 *
 * Who knows that client and backend agree may configure those.
 */
const BYTE_STREAMS: readonly string[] = ["mqtt", "mqttv3.1", "amqp", "rfb"];

/**
 * Chooses from a `Sec-WebSocket-Protocol` header (RFC 6455 section 4.2.2). `binary` and `base64`, which websockify's
 * clients offer, say how bytes are sent and go before the accepted names. Without a list of these (null) one of
 * {@linkcode BYTE_STREAMS} is accepted where it is offered alone: of several nobody here knows which the backend speaks. Those
 * are sent in binary frames whatever is configured, as they must be; others keep the configured frame type.
 */
export function chooseSubprotocol(
  offered: string | null,
  accepted: readonly string[] | null,
  frameType: FrameType,
): ChosenSubprotocol {
  const names = listElements(offered).filter((name) => name !== "");
  if (names.includes("binary")) return chosen("binary", "binary");
  if (names.includes("base64")) return chosen("base64", "base64");
  const welcome = accepted ?? (names.length === 1 ? BYTE_STREAMS : []);
  const protocol = names.find((name) => welcome.includes(name));
  if (protocol !== undefined) {
    return chosen(protocol, BYTE_STREAMS.includes(protocol) ? "binary" : frameType);
  }
  return { protocol: null, encoding: frameType, declined: names.length === 0 ? null : offered };
}

function chosen(protocol: string, encoding: Encoding): ChosenSubprotocol {
  return { protocol, encoding, declined: null };
}

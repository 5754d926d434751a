/**
 * Which of the offered subprotocols a tunnel speaks, and with it how bytes are put into messages.
 *
 * @module
 */
import type { FrameType } from "../config/config.ts";
import type { Encoding } from "../tunnel/encoder.ts";
import { isTokenProtocol } from "./credentials.ts";
import { listElements } from "./request.ts";

export interface ChosenSubprotocol {
  /** For `Sec-WebSocket-Protocol`; null: the answer names none. */
  readonly protocol: string | null;
  readonly encoding: Encoding;
  /** What was offered where nothing of it is spoken here, without tokens; null where something is, or nothing was offered. */
  readonly declined: string | null;
}

/**
 * The subprotocols of IANA's registry, and the one that MQTT had before it was there, whose messages are pieces of a stream
 * of bytes, the same that goes over TCP, in binary frames: just what a tunnel carries. Where nobody configured others, a client
 * that offers one of them is right here, if the backend speaks it; if not, it hears that from the backend.
 *
 * - `mqtt`: packets are sent in binary frames and don't align with them (MQTT 3.1.1 section 6, MQTT-6.0.0-1 and -2).
 * - `mqttv3.1`: what clients of MQTT 3.1 offer; the same, though no document says so.
 * - `amqp`: AMQP 1.0 in binary frames (OASIS AMQP WebSocket Binding 1.0). Its own frames have their length (AMQP 1.0 part 2, section
 *   2.3.1) and may be split and joined; the eight bytes of a protocol header that begin it are to be a message alone, which no
 *   tunnel knows to do, and which the clients in use, who read a stream, don't ask for.
 * - `rfb`: VNC, which runs over any transport, byte stream or message based (RFC 6143 section 7).
 *
 * Not among them:
 *
 * - `xmpp`: a message is a unit that no stream has, one stanza without the stream's own element around all (RFC 7395 section 3.3).
 * - `sip`, `msrp`, `wamp`, `ocpp` and the like: the same, one message of theirs in each (RFC 7118 section 5, RFC 7977 section 5).
 * - `v10.stomp`, `v11.stomp`, `v12.stomp`: STOMP wants a stream (STOMP 1.2, Protocol Overview), yet no document says how it is put into
 *   messages: text or binary depends on what the bodies are, and some clients take each message for whole STOMP frames. Most
 *   offer all three, of which the backend may speak one.
 *
 * Who knows that client and backend agree may configure those.
 */
const BYTE_STREAMS: readonly string[] = ["mqtt", "mqttv3.1", "amqp", "rfb"];

/**
 * Chooses from a `Sec-WebSocket-Protocol` header (RFC 6455 section 4.2.2). `binary` and `base64`, which websockify's
 * clients offer, say how bytes are sent and go before the accepted names. Without a list of these (null) one of
 * {@linkcode BYTE_STREAMS} is accepted where it is offered alone: of several nobody here knows which the backend speaks. Those
 * are sent in binary frames whatever is configured, as they must be; others keep the configured frame type. What is a token
 * ({@linkcode isTokenProtocol}) is none of them: a client must offer a real one beside it, since a browser fails where it offered any and the answer names none.
 */
export function chooseSubprotocol(
  offered: string | null,
  accepted: readonly string[] | null,
  frameType: FrameType,
): ChosenSubprotocol {
  if (offered === null) return { protocol: null, encoding: frameType, declined: null };
  const names = listElements(offered).filter((name) => name !== "" && !isTokenProtocol(name));
  if (names.includes("binary")) return chosen("binary", "binary");
  if (names.includes("base64")) return chosen("base64", "base64");
  const welcome = accepted ?? (names.length === 1 ? BYTE_STREAMS : []);
  const protocol = names.find((name) => welcome.includes(name));
  if (protocol !== undefined) {
    return chosen(protocol, BYTE_STREAMS.includes(protocol) ? "binary" : frameType);
  }
  return {
    protocol: null,
    encoding: frameType,
    declined: names.length === 0 ? null : names.join(", "),
  };
}

function chosen(protocol: string, encoding: Encoding): ChosenSubprotocol {
  return { protocol, encoding, declined: null };
}

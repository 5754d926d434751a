/**
 * Ending a WebSocket of which nothing was wanted but that it opens (RFC 6455 section 7), and saying whether its server does its part.
 *
 * @module
 */
import { startDeadline } from "../base/deadline.ts";
import type { Breather } from "../base/breather.ts";
import type { BackendConnection } from "../backend/connection.ts";
import { createBuffers } from "../engine/elastic_buffer.ts";
import { StreamTransport } from "../engine/stream_transport.ts";
import { peerWords } from "../events/words.ts";
import type { ClientFinish } from "../websocket/client_end.ts";
import { CloseCode } from "../websocket/close_code.ts";
import { Endpoint } from "../websocket/endpoint.ts";
import { behindRoom } from "../websocket/frame_parser.ts";

/** More than a Close takes, and other frames may come before it. */
const BUFFER_BYTES = 4096;

/** There is nobody else to be fair to. */
const NO_BREATHER: Breather = { after: () => null, close: () => Promise.resolve() };

/**
 * Sends a Close with 1000 and waits for the server's, then for the end of the connection, at most so long; the connection is closed after
 * that. `early` is what came behind the answer's head. Resolves to null, or to what the server does in place of that, in words that go on
 * from "the server". Never rejects.
 */
export function closeWebSocket(
  connection: BackendConnection,
  early: Uint8Array,
  patienceMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    let finish: ClientFinish | null = null;
    let isLate = false;
    const options = { buffers: createBuffers(BUFFER_BYTES), breather: NO_BREATHER };
    const transport = new StreamTransport(connection, options);
    const endpoint = new Endpoint(transport, {
      clientPayload() {},
      clientFinished(seen) {
        finish = seen;
        if (seen.kind === "protocol" || seen.kind === "overflow") endpoint.cut();
      },
      clientRefused() {},
      clientDrained() {},
      clientClosed() {
        cancel();
        resolve(faultOf(finish, isLate));
      },
    }, { role: "client", frameType: "binary", onFrame: null });
    const cancel = startDeadline(patienceMs, () => {
      isLate = true;
      endpoint.cut();
    });
    const wide = behindRoom(early);
    if (early.length > 0) endpoint.received(wide, endpoint.receiveAt(), wide.bytes.length);
    transport.begin(endpoint, null);
    endpoint.close(CloseCode.NORMAL, "");
  });
}

/** What is wrong with how a server ended; null: nothing. */
function faultOf(finish: ClientFinish | null, isLate: boolean): string | null {
  if (finish === null) return "does not answer the Close";
  const { kind, code, reason } = finish;
  if (kind === "lost") return "ends the connection without a Close";
  if (kind !== "close") return `breaks the protocol: ${reason}`;
  if (code !== CloseCode.NORMAL && code !== CloseCode.NO_STATUS) {
    return `closes it with ${`${code} ${peerWords(reason)}`.trim()}`;
  }
  return isLate ? "does not end the connection" : null;
}

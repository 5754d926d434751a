/** A server that opens WebSockets, and goes on as a test likes. */
import { acceptKey } from "../../lib/http/handshake.ts";
import { serveBackend, type Taken } from "../support/backends.ts";

/** Answers the handshake as a server does, and goes on as it likes. */
export function serveHandshakes(next: (taken: Taken, head: string) => Promise<void>) {
  return serveBackend(async (taken) => {
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const bytes = await taken.reader.some("a head");
      if (bytes === null) return;
      head += new TextDecoder().decode(bytes);
    }
    const [, key = ""] = /^Sec-WebSocket-Key: (.*)\r$/m.exec(head) ?? [];
    await taken.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
    );
    await next(taken, head);
  });
}

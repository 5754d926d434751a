/**
 * Peers that reset their connection, by `node:net`: `Deno.Conn` always sends a FIN first.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { inTime } from "./eventually.ts";

export interface ResettingBackend extends AsyncDisposable {
  readonly address: string;
}

/** Sends a greeting to whoever connects, and resets the connection at the first bytes it gets. */
export async function openResettingBackend(greeting: string): Promise<ResettingBackend> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(greeting);
    socket.once("data", () => socket.resetAndDestroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Connects, sends bytes, waits for the first bytes of an answer and resets the connection. */
export async function sendAndReset(address: string, bytes: Uint8Array): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  await inTime("an answer", once(socket, "data"), () => socket.destroy());
  socket.resetAndDestroy();
  await once(socket, "close");
}

/**
 * Peers that reset their connection, by `node:net`: `Deno.Conn` always sends a FIN first.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { inTime } from "./eventually.ts";
import { type Fields, frame, handshake, type Opcode } from "./raw_client.ts";

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

/** A client that can reset its connection. */
export interface ResettableClient extends Disposable {
  /** Sends the same message over and over for as long as it is taken; gives how many bytes have been so far. */
  flood(opcode: FrameOpcode, payload: Uint8Array): { readonly taken: number };
  send(bytes: Uint8Array): void;
  /** Resets a TCP connection; of a unix-domain one, which knows no reset, both directions end. */
  reset(): void;
}

type FrameOpcode = typeof Opcode[keyof typeof Opcode];

/** Connects to `host:port` or `unix:/path` and sends a handshake; waits for nothing. */
export function openResettable(
  address: string,
  target = "/",
  fields: Fields = {},
): ResettableClient {
  const socket = connectNode(address);
  // What it sends after its end, or the program does, is no failure of the test's.
  socket.on("error", () => {});
  socket.write(handshake(target, fields));
  return {
    flood(opcode, payload) {
      const message = frame(opcode, payload);
      let taken = 0;
      const sendOne = () =>
        void socket.write(message, (error) => {
          if (error) return;
          taken += message.length;
          sendOne();
        });
      sendOne();
      return {
        get taken() {
          return taken;
        },
      };
    },
    send: (bytes) => void socket.write(bytes),
    reset: () => void (address.startsWith("unix:") ? socket.destroy() : socket.resetAndDestroy()),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function connectNode(address: string): Socket {
  if (address.startsWith("unix:")) return connect(address.slice("unix:".length));
  const { hostname, port } = new URL(`tcp://${address}`);
  return connect(Number(port), hostname);
}

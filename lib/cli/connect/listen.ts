/**
 * Where `connect` listens.
 *
 * @module
 */
import { type Address, formatAddress } from "../../base/address.ts";
import { acceptAll } from "../../engine/accept.ts";
import { fileAt, openSocketFile, removeStaleSocket } from "../../engine/unix_socket.ts";

export type LocalConnection = Deno.TcpConn | Deno.UnixConn;

/** Whoever may connect has the tunnel, with what we show to the server. */
const SOCKET_MODE = 0o600;

export interface LocalListener {
  readonly name: string;
  /** Begins to take connections. `onFailing` is told of the first of several that can't be. */
  accept(
    onConnection: (connection: LocalConnection) => void,
    onFailing: (error: unknown) => void,
  ): void;
  close(): Promise<void>;
}

/** Opens one, or throws the system's error. */
export async function listenAt(address: Address): Promise<LocalListener> {
  if (address.transport === "unix") await removeStaleSocket(address.path);
  const listener = open(address);
  const bound = listener.addr.transport === "tcp"
    ? { ...listener.addr, transport: "tcp" as const }
    : address;
  const ours = fileAt(bound);
  let closed = false;
  let accepting = Promise.resolve();
  return {
    name: formatAddress(bound),
    accept(onConnection, onFailing) {
      const onAccepted = (connection: LocalConnection) => {
        if (isReady(connection)) onConnection(connection);
        else connection.close();
      };
      accepting = acceptAll<LocalConnection>(listener, () => closed, onFailing, onAccepted);
    },
    async close() {
      if (closed) return await accepting;
      closed = true;
      const found = fileAt(bound);
      if (found !== null && found !== ours) {
        // The runtime would remove the file, which is another's now; nobody finds us any more.
        accepting = Promise.resolve();
        return;
      }
      listener.close();
      await accepting;
      // Some versions of the runtime leave the file behind.
      if (address.transport === "unix") await removeStaleSocket(address.path);
    },
  };
}

/** False: it can't be used, as where some systems have seen a reset already. */
function isReady(connection: LocalConnection): boolean {
  try {
    if ("setNoDelay" in connection) connection.setNoDelay(true);
    return true;
  } catch {
    return false;
  }
}

function open(address: Address): Deno.Listener<LocalConnection> {
  if (address.transport === "tcp") {
    return Deno.listen({ hostname: address.hostname, port: address.port });
  }
  const open = () => Deno.listen({ transport: "unix", path: address.path });
  return openSocketFile(
    address.path,
    { mode: SOCKET_MODE },
    open,
    (listener) => listener.close(),
  );
}

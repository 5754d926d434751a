/**
 * `connect --listen`: each connection becomes a tunnel of its own, for as long as nobody ends the program. What goes wrong with the server is told
 * once, until it goes well again.
 *
 * @module
 */
import { type Address, formatAddress } from "../../base/address.ts";
import { acceptAll } from "../../engine/accept.ts";
import { openSocketFile, removeStaleSocket } from "../../engine/unix_socket.ts";

type Connection = Deno.TcpConn | Deno.UnixConn;

/** Whoever may connect has the tunnel, with what we show to the server. */
const SOCKET_MODE = 0o600;

export interface LocalListener {
  readonly name: string;
  close(): Promise<void>;
}

/** Opens one, or throws the system's error. */
export async function listenAt(
  address: Address,
  onConnection: (connection: Connection) => void,
  onFailing: (error: unknown) => void,
): Promise<LocalListener> {
  if (address.transport === "unix") await removeStaleSocket(address.path);
  const listener = open(address);
  const bound = listener.addr.transport === "tcp"
    ? { ...listener.addr, transport: "tcp" as const }
    : address;
  let closed = false;
  const onAccepted = (connection: Connection) => {
    if (isReady(connection)) onConnection(connection);
    else connection.close();
  };
  const accepting = acceptAll<Connection>(listener, () => closed, onFailing, onAccepted);
  return {
    name: formatAddress(bound),
    async close() {
      closed = true;
      listener.close();
      await accepting;
      // Some versions of the runtime leave the file behind.
      if (address.transport === "unix") await removeStaleSocket(address.path);
    },
  };
}

/** False: it can't be used, as where some systems have seen a reset already. */
function isReady(connection: Connection): boolean {
  try {
    if ("setNoDelay" in connection) connection.setNoDelay(true);
    return true;
  } catch {
    return false;
  }
}

function open(address: Address): Deno.Listener<Connection> {
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

export interface OutageTeller {
  /** Something went wrong: told unless it was the last that was. */
  trouble(text: string): void;
  /** A tunnel is open. */
  well(): void;
}

/** Tells of an outage once, and of its end. */
export function createOutageTeller(tell: (text: string) => void): OutageTeller {
  let told: string | null = null;
  return {
    trouble(text) {
      if (text !== told) tell(text);
      told = text;
    },
    well() {
      if (told !== null) tell("a tunnel opens again");
      told = null;
    },
  };
}

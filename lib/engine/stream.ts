/**
 * The stream engine: connections of the runtime's that we accept ourselves, heads and frames parsed by us.
 *
 * @module
 */
import type { ListenConfig } from "../config/config.ts";
import { acceptAll, tellAcceptFailed } from "./accept.ts";
import type { EngineOptions, Listener } from "./engine.ts";
import { fromRuntime, peerOf } from "./peer.ts";
import { beginningOf } from "./proxy_header.ts";
import { openSocketFile, removeStaleSocket } from "./unix_socket.ts";
import { tickFor } from "./sweep.ts";
import type { Door } from "./door.ts";
import { Opening } from "./opening.ts";

type Connection = Deno.TcpConn | Deno.UnixConn;

/** How often refused clients are looked at, which have a second to leave. */
const REFUSED_TICK_MS = 1_000;

/** Listens at an address; throws where it can't. */
export function listenStream(place: ListenConfig, door: Door, options: EngineOptions): Listener {
  const { address } = place;
  const listener = openListener(place);
  const openings = new Set<Opening>();
  const sweep = options.createSweep(tickFor([REFUSED_TICK_MS]));
  let closed = false;
  let onSettled: (() => void) | null = null;
  const openingOptions = {
    ...options,
    door,
    nowMs: sweep.nowMs,
    onOver(opening: Opening) {
      openings.delete(opening);
      sweep.delete(opening);
      if (openings.size === 0) onSettled?.();
    },
  };
  const open = (connection: Connection) => {
    const peer = peerOf(connection.remoteAddr, fromRuntime(connection.localAddr));
    const beginning = beginningOf(place.proxyProtocol, door.trusts(peer));
    if (beginning !== null && typeof beginning === "object") {
      door.unproxied(peer, beginning.problem);
      return connection.close();
    }
    const acceptance = door.accepts(peer);
    if (acceptance === "dropped") return connection.close();
    const { pass, answer } = acceptance;
    if (!prepare(connection)) {
      pass.release();
      return connection.close();
    }
    const ask = questionOf(connection, options);
    const opening = new Opening(connection, peer, pass, openingOptions, ask, beginning);
    openings.add(opening);
    sweep.add(opening, tickFor([door.limits.handshakeTimeoutMs]));
    if (answer !== null) opening.refuse(answer);
  };
  const real = fromRuntime(listener.addr);
  const onFailing = (error: unknown) => tellAcceptFailed(options.emit, real, error);
  const accepting = acceptAll<Connection>(listener, () => closed, onFailing, open);
  return {
    address: real,
    engine: "stream",
    tls: false,
    async close() {
      closed = true;
      listener.close();
      for (const opening of openings) opening.turnAway();
      await accepting;
      // An older runtime leaves its file behind.
      if (address.transport === "unix") await removeStaleSocket(address.path);
      if (openings.size > 0) await new Promise<void>((resolve) => onSettled = resolve);
    },
  };
}

function openListener({ address, file }: ListenConfig): Deno.Listener<Connection> {
  if (address.transport === "tcp") {
    return Deno.listen({ hostname: address.hostname, port: address.port });
  }
  const open = () => Deno.listen({ transport: "unix", path: address.path });
  if (file === undefined) return open();
  return openSocketFile(address.path, file, open, (listener) => listener.close());
}

/** Of a unix-domain connection the system has nothing to tell: who is at its other end can't vanish without ending it. */
function questionOf({ localAddr, remoteAddr }: Connection, { diag }: EngineOptions) {
  if (localAddr.transport !== "tcp" || remoteAddr.transport !== "tcp") return null;
  return () => diag.ask(localAddr, remoteAddr);
}

/** Sets a connection's options; false: it can't be used. */
function prepare(connection: Connection): boolean {
  if (!("setNoDelay" in connection)) return true;
  try {
    connection.setNoDelay(true);
    // Without Pings it is what finds a client that has vanished; after two hours, unless the system is told otherwise.
    connection.setKeepAlive(true);
    return true;
  } catch {
    // Some systems refuse that where the peer has reset it already.
    return false;
  }
}

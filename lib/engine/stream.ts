/**
 * The stream engine: connections of the runtime's that we accept ourselves, heads and frames parsed by us.
 *
 * @module
 */
import { closeQuietly } from "../base/close_quietly.ts";
import type { BackendConnection } from "../backend/connection.ts";
import type { ListenConfig } from "../config/config.ts";
import { hasSocketFile } from "../config/listen.ts";
import { acceptAll, tellAcceptFailed } from "./accept.ts";
import type { EngineOptions, Listener, Placeholder } from "./engine.ts";
import { fromRuntime, peerOf } from "./peer.ts";
import { fileAt, openSocketFile, removeStaleSocket } from "./unix_socket.ts";
import type { Door } from "./door.ts";
import type { Opening, OpeningOptions } from "./opening.ts";
import { begin, createOpenings, takeIn } from "./openings.ts";
import { StreamTransport } from "./stream_transport.ts";
import { serverTunnel } from "./stream_tunnel.ts";

type Connection = Deno.TcpConn | Deno.UnixConn;

/** Listens at an address, or at a placeholder's for a socket that it is to be given; throws where it can't. */
export function listenStream(
  place: ListenConfig,
  door: Door,
  options: EngineOptions,
  placeholder: Placeholder | null = null,
): Listener {
  const listener = openListener(placeholder === null ? place : { address: placeholder.at() });
  const bound = fromRuntime(listener.addr);
  const real = placeholder === null ? bound : place.address;
  const ours = fileAt(bound);
  const openings = createOpenings<Opening>(door, options);
  let state: "open" | "stopped" | "closed" = "open";
  const openingOptions: OpeningOptions = {
    door,
    start: ({ client, connection, settings, early }) => {
      const ask = questionOf(connection, options);
      return serverTunnel(
        client,
        new StreamTransport(connection, options, ask),
        settings,
        early,
      );
    },
    nowMs: openings.sweep.nowMs,
    onOver: openings.remove,
  };
  const open = (connection: Connection) => {
    try {
      letIn(connection);
    } catch (error) {
      // One connection's defect is not the listener's.
      closeQuietly(connection);
      options.emit({ kind: "defect", error });
    }
  };
  const letIn = (connection: Connection) => {
    // It was accepted in the moment in which the listener was closed.
    if (state === "closed") return connection.close();
    const peer = peerOf(connection.remoteAddr, fromRuntime(connection.localAddr));
    const taken = takeIn(door, place.proxyProtocol, peer);
    if (taken === null) return connection.close();
    if (!prepare(connection)) {
      taken.pass.release();
      return connection.close();
    }
    const ask = questionOf(connection, options);
    begin(
      openings,
      new StreamTransport(connection, options, ask),
      peer,
      taken,
      openingOptions,
    );
  };
  const onFailing = (error: unknown) => tellAcceptFailed(options.emit, real, error);
  const isOver = () => state !== "open";
  const accepting = acceptAll<Connection>(listener, isOver, onFailing, open);
  return {
    address: real,
    bound,
    engine: "stream",
    tls: false,
    async stop() {
      state = "stopped";
      for (const opening of openings) opening.retire();
      // With it the runtime would remove the socket's file, which is another's now.
      if (hasSocketFile(bound)) return await openings.settled();
      listener.close();
      await accepting;
      await openings.settled();
    },
    async close() {
      const ownsFile = state === "open" && place.file !== undefined;
      const found = fileAt(bound);
      const mayGo = found === null || found === ours;
      if (mayGo && (state === "open" || hasSocketFile(bound))) listener.close();
      state = "closed";
      for (const opening of openings) opening.turnAway();
      if (mayGo) await accepting;
      // An older runtime leaves its file behind, as does any where the socket was another listener's.
      if (ownsFile && real.transport === "unix") await removeStaleSocket(real.path);
      await openings.settled();
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

/** Of a unix-domain connection the system has nothing to tell: who is at its other end can't vanish without ending it. Nor of a program's pipes. */
function questionOf(connection: Partial<Connection> | BackendConnection, { diag }: EngineOptions) {
  if (!("localAddr" in connection)) return null;
  const { localAddr, remoteAddr } = connection;
  if (localAddr?.transport !== "tcp" || remoteAddr?.transport !== "tcp") return null;
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

/**
 * Listeners that speak TLS, by `node:tls`: the runtime's own `Deno.listenTls` delays small messages (Nagle's algorithm, which it has no way
 * to turn off), asks for no client's certificate, and takes a renewed one only in a listener anew. From the handshake on, a connection is what it is
 * in the stream engine.
 *
 * @module
 */
import type { AddressInfo, Server, Socket } from "node:net";
import type { TcpAddress } from "../base/address.ts";
import type { Peer } from "../base/peer.ts";
import type { ListenConfig } from "../config/config.ts";
import { peerWords } from "../events/words.ts";
import { answer } from "../http/answer.ts";
import { tellAcceptFailed } from "./accept.ts";
import type { Door } from "./door.ts";
import type { EngineOptions, Listener, Placeholder } from "./engine.ts";
import { Opening, type OpeningOptions } from "./opening.ts";
import { createOpenings, takeIn } from "./openings.ts";
import { peerOf } from "./peer.ts";
import { SocketConnection } from "./socket_connection.ts";
import { lookForConnections } from "./socket_handle.ts";
import { StreamTransport } from "./stream_transport.ts";
import { serverTunnel } from "./stream_tunnel.ts";
import type { Certificates } from "./tls_certificates.ts";
import type { TlsRuntime } from "./tls_runtime.ts";
import { TlsOpening, type TlsOpeningListener } from "./tls_opening.ts";

/** How often the listener is made to look for connections, and whether there is a descriptor for one; and how often while there is none. */
const LOOK_MS = 1_000;
const RETRY_MS = 100;

const PLAIN_HTTP = answer(400, "this port speaks TLS: ask by https:// or wss://");

/** Listens at an address of TCP, or at a placeholder's for a socket that it is to be given; rejects where it can't. */
export async function listenTls(
  place: ListenConfig,
  certificates: Certificates,
  runtime: TlsRuntime,
  door: Door,
  options: EngineOptions,
  placeholder: Placeholder | null = null,
): Promise<Listener> {
  const server = runtime.net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const bound = await listen(server, (placeholder?.at() ?? place.address) as TcpAddress);
  const real = placeholder === null ? bound : place.address;
  const { emit } = options;
  const { tlsOptional: isOptional = false } = place;
  const told = (peer: Peer): Peer => isOptional ? { ...peer, tls: peer.secure } : peer;
  /** Those that are no tunnel's yet. */
  const openings = createOpenings<Opening | TlsOpening>(door, options);
  const { add, remove, settled, sweep } = openings;
  let state: "open" | "stopped" | "closed" = "open";
  const openingOptions: OpeningOptions = {
    door,
    start: ({ client, connection, settings, early }) =>
      serverTunnel(client, new StreamTransport(connection, options), settings, early),
    nowMs: sweep.nowMs,
    onOver: remove,
  };
  const goOn = ({ tcp, pass, sinceMs }: TlsOpening, socket: Socket, peer: Peer) => {
    const ask = questionOf(tcp, options);
    const transport = new StreamTransport(new SocketConnection(socket, tcp, ask), options, ask);
    const opening = new Opening(transport, peer, pass, openingOptions, null, sinceMs);
    add(opening);
    socket.resume();
    return opening;
  };
  const listener: TlsOpeningListener = {
    secured(opening, secure, peer) {
      const next = goOn(opening, secure, told(peer));
      if (opening.refusal !== null) next.refuse(opening.refusal);
      remove(opening);
    },
    plain(opening, peer) {
      const refusal = opening.refusal ?? (isOptional ? null : PLAIN_HTTP);
      if (refusal === PLAIN_HTTP) door.refused(peer, refusal, opening.pass);
      const next = goOn(opening, opening.tcp, told(peer));
      if (refusal !== null) next.refuse(refusal);
      remove(opening);
    },
    closed(opening, { name: client, via }, reason) {
      remove(opening);
      if (reason !== null) emit({ kind: "tls-refused", client, via, reason: peerWords(reason) });
    },
  };
  const tlsOptions = { door, certificates, runtime, isOptional, nowMs: sweep.nowMs, listener };
  const open = (tcp: Socket) => {
    tcp.on("error", () => {});
    const peer = state === "closed" || !prepare(tcp) ? null : peerOfSocket(tcp);
    if (peer === null) return void tcp.destroy();
    const taken = takeIn(door, place.proxyProtocol, peer);
    if (taken === null) return void tcp.destroy();
    add(new TlsOpening(tcp, peer, taken, tlsOptions, taken.beginning));
  };
  server.on("connection", open);
  const stopLooking = keepAccepting(server, (error) => tellAcceptFailed(emit, real, error));
  const stop = async () => {
    state = "stopped";
    stopLooking();
    for (const opening of openings) if (opening instanceof Opening) opening.retire();
    // It tells of its own end only once the last tunnel is over.
    server.close();
    await settled();
  };
  return {
    address: real,
    bound,
    engine: "stream",
    tls: true,
    certificates: () => certificates.ends,
    stop,
    async close() {
      if (state === "open") void stop();
      state = "closed";
      for (const opening of openings) opening.turnAway();
      await settled();
    },
  };
}

async function listen(server: Server, place: TcpAddress): Promise<TcpAddress> {
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("listening", resolve);
  server.once("error", reject);
  try {
    server.listen({ host: place.hostname, port: place.port });
    await listening;
  } catch (error) {
    throw asOurs(error, place);
  }
  // Of those that come once it listens keepAccepting() knows.
  server.on("error", () => {});
  const { address: hostname, port } = server.address() as AddressInfo;
  return { transport: "tcp", hostname, port };
}

/** The error that `Deno.listen` has there: what Node's way says is less, of an address that isn't ours `EINVAL`. */
function asOurs(error: unknown, address: TcpAddress): unknown {
  try {
    Deno.listen(address).close();
    return error;
  } catch (ours) {
    return ours;
  }
}

/** Makes up for a listener that gives up where it can't accept; `onFailing` is told of the first of several shortages. */
function keepAccepting(server: Server, onFailing: (error: unknown) => void): () => void {
  let failing = false;
  const look = () => {
    const shortage = descriptorShortage();
    if (shortage === null) lookForConnections(server);
    else if (!failing) onFailing(shortage);
    failing = shortage !== null;
    wait();
  };
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    timer = setTimeout(look, failing ? RETRY_MS : LOOK_MS);
    Deno.unrefTimer(timer);
  };
  wait();
  return () => clearTimeout(timer);
}

/** Why no file could be opened, which takes a descriptor as a connection does; null: one could, or that can't be tried. */
function descriptorShortage(): unknown {
  if (Deno.build.os === "windows") return null;
  try {
    Deno.openSync("/dev/null").close();
    return null;
  } catch (error) {
    return error;
  }
}

/** Sets its options; false: it can't be used. */
function prepare(tcp: Socket): boolean {
  try {
    tcp.setNoDelay(true);
    // Without Pings it is what finds a client that has vanished; after two hours, unless the system is told otherwise.
    tcp.setKeepAlive(true);
    return true;
  } catch {
    return false;
  }
}

/** Null where it has gone already. */
function peerOfSocket(tcp: Socket): Peer | null {
  const { remoteAddress, remotePort, localAddress, localPort } = tcp;
  if (remoteAddress === undefined || localAddress === undefined) return null;
  return peerOf(
    { transport: "tcp", hostname: remoteAddress, port: remotePort! },
    { transport: "tcp", hostname: localAddress, port: localPort! },
  );
}

function questionOf(tcp: Socket, { diag }: EngineOptions) {
  const { remoteAddress, remotePort, localAddress, localPort } = tcp;
  if (remoteAddress === undefined || localAddress === undefined) return null;
  const local = { hostname: localAddress, port: localPort! };
  const remote = { hostname: remoteAddress, port: remotePort! };
  return () => diag.ask(local, remote);
}

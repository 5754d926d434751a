/**
 * The native engine: `Deno.serve` and the runtime's own `WebSocket`.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { within } from "../base/within.ts";
import type { Peer } from "../base/peer.ts";
import type { ListenConfig } from "../config/config.ts";
import { hasSocketFile } from "../config/listen.ts";
import type { Answer } from "../http/answer.ts";
import type { Pass } from "../limits/connections.ts";
import type { RequestHead } from "../http/request.ts";
import { CloseCode } from "../websocket/close_code.ts";
import { deafenAt } from "../sys/seat.ts";
import { splitAbsolute } from "../http/request_line.ts";
import { tellAcceptFailed } from "./accept.ts";
import type { Admitted, Door, FilesAdmitted, Taken } from "./door.ts";
import { loadFileServer } from "./files/load.ts";
import { openNativeTunnel, untilOpen } from "./native_tunnel.ts";
import type { EngineOptions, Listener, Placeholder } from "./engine.ts";
import { fromRuntime, peerOf } from "./peer.ts";
import { fileAt, openSocketFile, removeStaleSocket } from "./unix_socket.ts";

type Server = Deno.HttpServer<Deno.Addr>;

/** How long to wait before another try to listen. */
const RETRY_MS = 100;

/** How long our own Close frames have before the runtime sends its own. */
const OWN_CLOSES_MS = 200;

/** How long the runtime may take to shut down: it waits for ever for an upgrade whose client left just before. */
const SHUTDOWN_MS = 2_000;

/**
 * Listens at an address with the runtime's HTTP server, or at a placeholder's for a socket that it is to be given; throws where it
 * can't.
 */
export function listenNative(
  place: ListenConfig,
  door: Door,
  options: EngineOptions,
  placeholder: Placeholder | null = null,
): Listener {
  const { address, file } = place;
  muteSignalWarning();
  const closing = new AbortController();
  /** Requests whose backend is being connected. */
  const waiting = new Set<AbortController>();
  /** The ends of the WebSockets that are open, or opening. */
  const open = new Set<Promise<void>>();
  /** The answers that are under way. */
  const answers = new Set<Promise<Response>>();
  const respond = (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> => {
    const answer = answerTo(request, info);
    answers.add(answer);
    const forget = () => answers.delete(answer);
    answer.then(forget, forget);
    return answer;
  };
  const answerTo = async (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> => {
    const sender = peerOf(info.remoteAddr, real);
    const acceptance = door.accepts(sender);
    // The connection is the runtime's, which ends none for an answer.
    if (acceptance === "dropped") return new Response(null, { status: 503 });
    const { pass, answer } = acceptance;
    let outcome: Response | Upgrade | Delivery | null = null;
    try {
      outcome = answer === null ? await attend(request, sender, pass) : toResponse(answer);
    } finally {
      if (outcome === null || outcome instanceof Response) pass.release();
    }
    if (outcome instanceof Response) return outcome;
    return "over" in outcome ? await deliver(outcome, pass) : upgrade(outcome, door, options, open);
  };
  /** From a request to its backend, or what it is answered. */
  const attend = async (
    request: Request,
    sender: Peer,
    pass: Pass,
  ): Promise<Response | Upgrade | Delivery> => {
    const head = toHead(request);
    const admission = door.admit(head, sender, pass);
    if ("answer" in admission) return toResponse(admission.answer);
    if ("files" in admission) {
      const { files, peer } = admission;
      const signal = AbortSignal.any([request.signal, closing.signal]);
      return serveFile(door, head, files, { peer, signal });
    }
    const { accept, peer } = admission;
    const gone = new AbortController();
    const leave = () => gone.abort();
    pass.holder = { drop: leave };
    if (closing.signal.aborted) leave();
    request.signal.addEventListener("abort", leave);
    waiting.add(gone);
    const connected = await door.connect(head, accept, peer, gone.signal);
    waiting.delete(gone);
    request.signal.removeEventListener("abort", leave);
    if ("answer" in connected) return toResponse(connected.answer);
    // To upgrade it now would hold its descriptor for ever, in the runtime.
    if (request.signal.aborted) {
      door.abandon(accept, peer, connected);
      return new Response(null, { status: 503 });
    }
    return { request, accept, peer, taken: connected };
  };
  const onListen = () => {};
  /** The runtime would tell of it on standard error. */
  const onError = (error: unknown) => {
    options.emit({ kind: "defect", error });
    return new Response(null, { status: 500 });
  };
  const listen = (at: Address): Server => {
    if (at.transport === "tcp") {
      return Deno.serve({ hostname: at.hostname, port: at.port, onListen, onError }, respond);
    }
    const open = () => Deno.serve({ path: at.path, onListen, onError }, respond);
    if (file === undefined || !hasSocketFile(at)) return open();
    return openSocketFile(at.path, file, open, (server) => void server.shutdown());
  };
  const listenFor = (give: (bound: Address) => void, at: Address): Server => {
    const server = listen(at);
    try {
      give(fromRuntime(server.addr));
      return server;
    } catch (error) {
      void server.shutdown();
      throw error;
    }
  };
  let server = listen(placeholder?.at() ?? address);
  const bound = fromRuntime(server.addr);
  const real = placeholder === null ? bound : address;
  let state: "open" | "stopped" | "closed" = "open";
  const closed = Promise.withResolvers<void>();
  const isOpen = () => state === "open";

  /** The runtime gives its listener up at the first connection that it can't accept, as with no descriptor left. */
  const listenAgain = async (error: unknown) => {
    if (!isOpen()) return;
    tellAcceptFailed(options.emit, real, error);
    while (isOpen()) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      try {
        const again = placeholder?.give;
        if (again === undefined && real.transport === "unix") await removeStaleSocket(real.path);
        if (!isOpen()) return;
        server = again === undefined ? listen(real) : listenFor(again, placeholder!.at());
        server.finished.catch(listenAgain);
        return;
      } catch {
        // The shortage goes on.
      }
    }
  };
  server.finished.catch(listenAgain);

  /** Ends the server once its last tunnel has ended: it would end open ones with a reason of its own. */
  const shutDown = async () => {
    while (open.size > 0) await Promise.all(open);
    // Ours is gone: this one is of who has taken our place.
    if (fileAt(bound) === null) await server.shutdown();
  };
  return {
    address: real,
    bound,
    engine: "native",
    tls: false,
    async stop() {
      state = "stopped";
      // Connections whose request is on its way are the runtime's, and nobody can count them.
      await within(closed.promise, door.limits.handshakeTimeoutMs);
      await Promise.allSettled(answers);
    },
    async close() {
      const wasOpen = isOpen();
      state = "closed";
      closed.resolve();
      closing.abort();
      for (const gone of waiting) gone.abort();
      // It knows no other way to take no more connections than to end.
      const isDeaf = !wasOpen || deafenAt(real);
      if (wasOpen && isDeaf && file !== undefined && real.transport === "unix") {
        await removeStaleSocket(real.path);
      }
      // Those of the tunnels are to go first, and the runtime doesn't tell when one is out. A request that still comes meanwhile is refused.
      if (!isDeaf) await within(Promise.all(open), OWN_CLOSES_MS);
      await within(isDeaf ? shutDown() : server.shutdown(), OWN_CLOSES_MS + SHUTDOWN_MS);
    },
  };
}

/**
 * The runtime puts the target, as it was sent, behind a scheme and the Host, or its own address where there is none; one in
 * absolute-form it leaves alone (measured on 2.9.6).
 */
function toHead({ method, url, headers }: Request): RequestHead {
  const host = headers.get("host");
  const uri = url.replace(/^http\+unix:/, "http:");
  const start = `http://${host}`;
  if (host && uri.startsWith(start + "/")) {
    return { method, target: uri.slice(start.length), version: null, headers };
  }
  const absolute = splitAbsolute(uri);
  if (absolute === null) return { method, target: url, version: null, headers };
  const { target, authority } = absolute;
  // RFC 9112 section 3.2.2, as in the stream engine.
  const get = (name: string) => host && name === "host" ? authority : headers.get(name);
  return { method, target, version: null, headers: { get } };
}

let isMuted = false;

/**
 * Once a process, at its first answer, the runtime tells on standard error that `request.signal` is aborted also when all went
 * well. We know, and look no longer then; among log lines as JSON it would be no JSON.
 */
function muteSignalWarning(): void {
  if (isMuted) return;
  isMuted = true;
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).startsWith("Deno.serve: request.signal ")) warn(...words);
  };
}

function toResponse({ status, headers, body }: Answer): Response {
  // The runtime leaves out the body of an answer to HEAD and counts its length.
  return new Response(body, { status, headers });
}

/** A file's answer, which is given before all of it is sent. */
interface Delivery {
  readonly response: Promise<Response>;
  readonly over: Promise<void>;
}

function serveFile(
  door: Door,
  head: RequestHead,
  files: FilesAdmitted,
  { peer, signal }: { readonly peer: Peer; readonly signal: AbortSignal },
): Delivery {
  const { promise: response, resolve: give } = Promise.withResolvers<Response>();
  const send = async () => (await loadFileServer()).respondWithFile(head, files, give);
  const over = door.serve(head, files, peer, signal, send).then((served) => {
    if ("answer" in served) give(toResponse(served.answer));
  });
  return { response, over };
}

/** Gives the answer, and the connection's pass back once that is over. */
function deliver({ response, over }: Delivery, pass: Pass): Promise<Response> {
  void over.then(() => pass.release());
  return response;
}

/** What an upgrade is made of. */
interface Upgrade {
  readonly request: Request;
  readonly accept: Admitted;
  readonly peer: Peer;
  readonly taken: Taken;
}

function upgrade(
  { request, accept, peer, taken }: Upgrade,
  door: Door,
  options: EngineOptions,
  open: Set<Promise<void>>,
): Response {
  const { protocol } = accept;
  const { lease } = taken;
  const { maxBufferBytes } = door.limits;
  const isFound = protocol !== null && runtimeFinds(protocol, request.headers);
  // The runtime pings after half its timeout without a message; its Pings can't be had otherwise.
  const idleTimeout = 2 * accept.pingIntervalMs / 1000;
  let upgraded: Deno.WebSocketUpgrade;
  try {
    upgraded = Deno.upgradeWebSocket(request, { idleTimeout, ...(isFound && { protocol }) });
  } catch (error) {
    door.abandon(accept, peer, taken);
    accept.pass.release();
    throw error;
  }
  const { socket, response } = upgraded;
  if (protocol !== null && !isFound) response.headers.set("sec-websocket-protocol", protocol);
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  socket.addEventListener("close", () => resolve(), { once: true });
  open.add(gone);
  gone.then(() => open.delete(gone));
  untilOpen(socket).then((isOpen) => {
    if (isOpen) {
      const isTunnel = door.open(
        accept,
        peer,
        taken,
        (settings) => openNativeTunnel(socket, lease, settings, { ...options, maxBufferBytes }),
      );
      if (!isTunnel) socket.close(CloseCode.INTERNAL_ERROR);
      return;
    }
    door.abandon(accept, peer, taken);
    accept.pass.release();
    resolve();
  });
  return response;
}

/** The runtime looks in a list split at ", " only, and throws where it doesn't find the subprotocol. */
function runtimeFinds(protocol: string, headers: Headers): boolean {
  return headers.get("sec-websocket-protocol")?.split(", ").includes(protocol) ?? false;
}

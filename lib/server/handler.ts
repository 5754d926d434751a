/**
 * From a request to a tunnel: the verdict, the backend, the upgrade, the log lines. The same for both engines.
 *
 * @module
 */
import type { Breather } from "../base/breather.ts";
import type { Logger } from "../base/logger.ts";
import type { ConnectFailure, Lease, Pool } from "../backend/backend.ts";
import type { Config } from "../config/config.ts";
import { type Answer, answer } from "../http/answer.ts";
import { compileOrigins } from "../http/origin.ts";
import { pathOf } from "../http/request.ts";
import { type AcceptedRequest, decide, type VerdictRules } from "../http/verdict.ts";
import type { TunnelEnd } from "../tunnel/cause.ts";
import { createFlow } from "../tunnel/pump.ts";
import type { OpenTunnel, Registry } from "../tunnel/registry.ts";
import { startTunnel } from "../tunnel/tunnel.ts";
import type { Watch } from "../tunnel/watch.ts";
import type { ClientSocket } from "../websocket/client_socket.ts";
import { type FrameObserver, OPCODE_NAMES } from "../websocket/frame.ts";
import type { Buffers } from "../websocket/elastic_buffer.ts";
import type { Admission, Handler, Peer, WaitingTunnel } from "./engine.ts";

export interface HandlerOptions {
  readonly config: Config;
  /** By key of `wstunnel.server`. */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly registry: Registry;
  readonly watch: Watch;
  readonly buffers: Buffers;
  readonly breather: Breather;
  readonly log: Logger;
  /** Aborted when the server stops: a tunnel that begins after that ends at once. */
  readonly stopping: AbortSignal;
}

/** Makes the handler that both engines call. */
export function createHandler(options: HandlerOptions): Handler {
  const { config, pools, log } = options;
  const rules: VerdictRules = {
    keys: config.routes.map((route) => route.key),
    mapExtensions: config.mapExtensions,
    origins: compileOrigins(config.origins),
    subprotocols: config.subprotocols,
    frameType: config.frameType,
  };
  return async (head, peer, signal) => {
    const verdict = decide(head, rules);
    if ("refuse" in verdict) {
      log.info("request refused", requestFields(peer, head.target, verdict.refuse));
      return { answer: verdict.refuse };
    }
    const { accept } = verdict;
    const result = await pools.get(accept.key)!.connect({
      clientAddress: peer.address,
      authority: accept.authority,
      path: accept.path,
      origin: accept.origin,
      signal,
    });
    if (result.ok) return { tunnel: waitForClient(options, accept, peer, result.lease) };
    return refuseForBackend(options, head.target, peer, result.failure);
  };
}

function refuseForBackend(
  { log, stopping }: HandlerOptions,
  target: string,
  peer: Peer,
  failure: ConnectFailure,
): Admission {
  const reason = failure.kind === "full"
    ? "every backend is busy"
    : stopping.aborted
    ? "the server shuts down"
    : "no backend can be reached";
  const refusal = answer(503, reason, { "retry-after": "1" });
  const fields = { ...requestFields(peer, target, refusal), why: failure.reason };
  // An outage itself is in the log once, each request that it refuses only for those who look for it; that all are busy isn't.
  if (failure.kind === "full") log.info("request refused", fields);
  else log.debug("request refused", fields);
  return { answer: refusal };
}

/** A client's words in the log: a line each for whoever asks must not fill the disk. */
const MAX_LOGGED_CHARACTERS = 200;

/** Without the query, where clients put their tokens. */
function requestFields(peer: Peer, target: string, { status, body }: Answer) {
  const reason = shortened(body.trimEnd());
  return { client: peer.name, path: shortened(pathOf(target)), status, reason };
}

function shortened(text: string): string {
  return text.length > MAX_LOGGED_CHARACTERS ? text.slice(0, MAX_LOGGED_CHARACTERS) + "…" : text;
}

function waitForClient(
  options: HandlerOptions,
  accept: AcceptedRequest,
  peer: Peer,
  lease: Lease,
): WaitingTunnel {
  return {
    protocol: accept.protocol,
    frameType: accept.encoding === "binary" ? "binary" : "text",
    onFrame: options.log.debugs ? frameLogger(options.log, peer) : null,
    run: (client) => runTunnel(options, accept, peer, lease, client),
    abandon() {
      lease.connection.close();
      lease.release();
      options.log.info("client went away before the upgrade", {
        client: peer.name,
        route: accept.key,
        backend: lease.backend,
      });
    },
  };
}

function frameLogger(log: Logger, { name }: Peer): FrameObserver {
  return (way, opcode, bytes) =>
    log.debug(`frame ${way}`, { client: name, type: OPCODE_NAMES[opcode], bytes });
}

function runTunnel(
  { config, registry, watch, buffers, breather, log, stopping }: HandlerOptions,
  { key, encoding }: AcceptedRequest,
  peer: Peer,
  lease: Lease,
  client: ClientSocket,
): void {
  const flow = createFlow();
  const tunnel = startTunnel({
    client,
    backend: lease.connection,
    encoding,
    buffers,
    breather,
    flow,
    watch,
    pingIntervalMs: config.pingIntervalMs,
    readTimeoutMs: lease.host.readTimeoutMs,
    writeTimeoutMs: lease.host.writeTimeoutMs,
    tcpFinPropagate: lease.host.tcpFinPropagate,
  });
  const open: OpenTunnel = {
    id: registry.nextId(),
    client: peer.name,
    route: key,
    backend: lease.backend,
    openedAtMs: performance.now(),
    flow,
    end: tunnel.end,
  };
  registry.add(open);
  log.info("tunnel opened", namesOf(open));
  if (stopping.aborted) tunnel.end("shutdown");
  tunnel.ended.finally(() => {
    lease.release();
    registry.delete(open);
  }).then((ended) => log.info("tunnel closed", closedFields(open, ended)));
}

function namesOf({ id, client, route, backend }: OpenTunnel) {
  return { id, client, route, backend };
}

/** The access log's line. */
function closedFields(open: OpenTunnel, { code, cause, reason }: TunnelEnd) {
  const seconds = Math.round(performance.now() - open.openedAtMs) / 1000;
  const { upBytes, downBytes } = open.flow;
  const why = reason === "" ? undefined : reason;
  return { ...namesOf(open), seconds, up: upBytes, down: downBytes, code, cause, reason: why };
}

/**
 * From a request to a tunnel: the verdict, the backend, the upgrade, the log lines. The same for both engines.
 *
 * @module
 */
import type { Breather } from "../base/breather.ts";
import { isShortage, SHORTAGES } from "../base/exhaustion.ts";
import type { Logger } from "../base/logger.ts";
import { shorten } from "../base/shorten.ts";
import type { ConnectFailure, Lease, Pool } from "../backend/backend.ts";
import type { Config } from "../config/config.ts";
import { type Answer, answer } from "../http/answer.ts";
import { healthPathBeside } from "../http/health.ts";
import { compileOrigins } from "../http/origin.ts";
import { type RequestHead, withoutQuery } from "../http/request.ts";
import { compileRoutes } from "../http/route.ts";
import { type AcceptedRequest, decide, type VerdictRules } from "../http/verdict.ts";
import { isWarning, type TunnelEnd } from "../tunnel/cause.ts";
import { createFlow } from "../tunnel/pump.ts";
import type { AskedFor, OpenTunnel, Registry } from "../tunnel/registry.ts";
import { startTunnel } from "../tunnel/tunnel.ts";
import type { Watch } from "../tunnel/watch.ts";
import type { ClientSocket } from "../websocket/client_socket.ts";
import { type FrameObserver, OPCODE_NAMES } from "../websocket/frame.ts";
import type { Buffers } from "../websocket/elastic_buffer.ts";
import type { Admission, Handler, Peer, WaitingTunnel } from "./engine.ts";
import { createGreetingWarning, type GreetingWarning } from "./greeting_warning.ts";
import type { RequestLog } from "./request_log.ts";
import { namesOf, progressOf } from "./tunnel_fields.ts";

export interface HandlerOptions {
  readonly config: Config;
  /** By key of `wstunnel.server`. */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly registry: Registry;
  readonly watch: Watch;
  readonly buffers: Buffers;
  readonly breather: Breather;
  readonly log: Logger;
  readonly requests: RequestLog;
  /** Aborted when the server stops: a tunnel that begins after that ends at once. */
  readonly stopping: AbortSignal;
}

/** What the handler's tunnels share. */
interface Shared extends HandlerOptions {
  readonly greetings: GreetingWarning;
}

/** Makes the handler that both engines call. */
export function createHandler(options: HandlerOptions): Handler {
  const { config, pools, requests } = options;
  const shared = { ...options, greetings: createGreetingWarning(options.log) };
  const table = compileRoutes(
    config.routes.map((route) => ({ ...route, origins: compileOrigins(route.origins) })),
    config.mapExtensions,
  );
  const rules: VerdictRules = { table, healthPath: healthPathBeside(config.healthPath, table) };
  return async (head, peer, signal) => {
    const verdict = decide(head, rules);
    if ("refuse" in verdict) {
      requests.info("request refused", requestFields(options, peer, head), kindOf(verdict.refuse));
      return { answer: verdict.refuse };
    }
    if ("health" in verdict) {
      options.log.debug("health asked", requestFields(options, peer, head));
      return { answer: verdict.health };
    }
    const { accept } = verdict;
    const result = await pools.get(accept.key)!.connect({
      clientAddress: peer.address,
      authority: accept.authority,
      path: accept.path,
      origin: accept.origin,
      signal,
    });
    if (result.ok) return { tunnel: waitForClient(shared, accept, peer, result.lease) };
    return refuseForBackend(options, head, peer, result.failure);
  };
}

function refuseForBackend(
  options: HandlerOptions,
  head: RequestHead,
  peer: Peer,
  failure: ConnectFailure,
): Admission {
  const { log, requests, stopping } = options;
  const refusal = answer(503, reasonFor(failure, stopping), { "retry-after": "1" });
  const fields = { ...requestFields(options, peer, head), why: failure.reason };
  // An outage itself is in the log once, each request that it refuses only for those who look for it.
  if (failure.kind !== "down" && failure.kind !== "aborted") {
    requests.info("request refused", fields, kindOf(refusal));
  } else log.debug("request refused", { ...fields, ...kindOf(refusal) });
  return { answer: refusal };
}

function reasonFor({ kind }: ConnectFailure, stopping: AbortSignal): string {
  if (kind === "full") return "every backend is busy";
  if (kind === "share") return "this address has as many tunnels as it may";
  if (isShortage(kind)) return SHORTAGES[kind];
  return stopping.aborted ? "the server shuts down" : "no backend can be reached";
}

/** A client's words in the log: a line each for whoever asks must not fill the disk. */
const MAX_LOGGED_CHARACTERS = 200;

function shortened(text: string): string {
  return shorten(text, MAX_LOGGED_CHARACTERS);
}

/** That there was no Origin is worth saying where origins are checked. */
function requestFields({ config }: HandlerOptions, peer: Peer, { target, headers }: RequestHead) {
  const origin = headers.get("origin");
  const areChecked = config.routes.some(({ origins }) => origins.length > 0);
  return {
    client: peer.name,
    path: shortened(withoutQuery(target)),
    host: headerField(headers.get("host")),
    origin: origin === null && areChecked ? null : headerField(origin),
  };
}

function kindOf({ status, body }: Answer) {
  return { status, reason: shortened(body.trimEnd()) };
}

/** A field that isn't there is no part of the line. */
function headerField(value: string | null): string | undefined {
  return value === null ? undefined : shortened(value);
}

function waitForClient(
  options: Shared,
  accept: AcceptedRequest,
  peer: Peer,
  lease: Lease,
): WaitingTunnel {
  return {
    protocol: accept.protocol,
    frameType: accept.encoding === "binary" ? "binary" : "text",
    pingIntervalMs: accept.pingIntervalMs,
    onFrame: options.log.debugs ? frameLogger(options.log, peer) : null,
    run: (client) => runTunnel(options, accept, peer, lease, client),
    abandon() {
      lease.connection.close();
      lease.release();
      options.requests.info("client went away before the upgrade", {
        client: peer.name,
        route: accept.key,
        ...askedFor(accept),
        backend: lease.backend,
        pid: lease.pid,
      });
    },
  };
}

function frameLogger(log: Logger, { name }: Peer): FrameObserver {
  return (way, opcode, bytes) =>
    log.debug(`frame ${way}`, { client: name, type: OPCODE_NAMES[opcode], bytes });
}

function runTunnel(
  { registry, watch, buffers, breather, log, stopping, greetings }: Shared,
  accept: AcceptedRequest,
  peer: Peer,
  lease: Lease,
  client: ClientSocket,
): void {
  const flow = createFlow();
  const names = {
    id: registry.nextId(),
    client: peer.name,
    route: accept.key,
    asked: askedFor(accept),
    backend: lease.backend,
    pid: lease.pid,
  };
  const tunnel = startTunnel({
    client,
    backend: lease.connection,
    encoding: accept.encoding,
    buffers,
    breather,
    flow,
    watch,
    pingIntervalMs: accept.pingIntervalMs,
    readTimeoutMs: lease.host.readTimeoutMs,
    writeTimeoutMs: lease.host.writeTimeoutMs,
    tcpFinPropagate: lease.host.tcpFinPropagate,
    onFirstBytes: accept.encoding === "text" ? greetings(names) : null,
  });
  const open: OpenTunnel = {
    ...names,
    openedAtMs: performance.now(),
    flow,
    end: tunnel.end,
  };
  registry.add(open);
  lease.carry?.(open.id);
  log.info("tunnel opened", namesOf(open));
  if (stopping.aborted) tunnel.end("shutdown");
  tunnel.ended.finally(() => {
    lease.release();
    registry.delete(open);
  }).then((ended) => {
    const fields = closedFields(open, ended);
    if (isWarning(ended.cause)) log.warn("tunnel closed", fields);
    else log.info("tunnel closed", fields);
  });
}

/** What the client asked for, as the log has it. */
function askedFor({ path, authority, origin, protocol, declined }: AcceptedRequest): AskedFor {
  return {
    path: shortened(path),
    host: shortened(authority),
    origin: headerField(origin),
    subprotocol: headerField(protocol),
    declined: headerField(declined),
  };
}

/** The access log's line. */
function closedFields(open: OpenTunnel, { code, cause, reason }: TunnelEnd) {
  return { ...progressOf(open), code, cause, reason: reason === "" ? undefined : reason };
}

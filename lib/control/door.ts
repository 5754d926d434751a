/**
 * The way in, of what the program has: rules, pools, the registry of open tunnels, and the log lines of all that happens there.
 *
 * @module
 */
import { isShortage, SHORTAGES } from "../base/exhaustion.ts";
import type { Logger } from "../base/logger.ts";
import { shorten } from "../base/shorten.ts";
import type { ConnectFailure, Lease, Pool } from "../backend/backend.ts";
import type { Config } from "../config/config.ts";
import type {
  Connected,
  Door,
  Peer,
  Refused,
  RunningTunnel,
  TunnelSettings,
} from "../engine/door.ts";
import { type Answer, answer } from "../http/answer.ts";
import { healthPathBeside } from "../http/health.ts";
import { compileOrigins } from "../http/origin.ts";
import { type RequestHead, withoutQuery } from "../http/request.ts";
import { compileRoutes } from "../http/route.ts";
import { type AcceptedRequest, decide, type VerdictRules } from "../http/verdict.ts";
import { isWarning, type TunnelEnd } from "../tunnel/cause.ts";
import type { AskedFor, Flow, OpenTunnel, Registry } from "./registry.ts";
import type { Watch } from "../engine/sweep.ts";
import { type FrameObserver, OPCODE_NAMES } from "../websocket/frame.ts";
import { createGreetingWarning, type GreetingWarning } from "./greeting_warning.ts";
import type { RequestLog } from "./request_log.ts";
import { namesOf, progressOf } from "./tunnel_fields.ts";

export interface DoorOptions {
  readonly config: Config;
  /** By key of `wstunnel.server`. */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly registry: Registry;
  readonly watch: Watch;
  readonly log: Logger;
  readonly requests: RequestLog;
  /** Aborted when the server stops: a tunnel that begins after that ends at once. */
  readonly stopping: AbortSignal;
}

/** What the tunnels share. */
interface Shared extends DoorOptions {
  readonly greetings: GreetingWarning;
}

/** Makes the way in that all engines use. */
export function createDoor(options: DoorOptions): Door {
  const { config, pools, log, requests } = options;
  const shared = { ...options, greetings: createGreetingWarning(log) };
  const table = compileRoutes(
    config.routes.map((route) => ({ ...route, origins: compileOrigins(route.origins) })),
    config.mapExtensions,
  );
  const rules: VerdictRules = { table, healthPath: healthPathBeside(config.healthPath, table) };
  const refused = ({ peer, head, answer }: Refused) =>
    requests.info("request refused", requestFields(options, peer, head), kindOf(answer));
  return {
    refused,
    admit(head, peer) {
      const verdict = decide(head, rules);
      if ("accept" in verdict) return verdict;
      if ("health" in verdict) {
        log.debug("health asked", requestFields(options, peer, head));
        return { answer: verdict.health };
      }
      refused({ peer, head, answer: verdict.refuse });
      return { answer: verdict.refuse };
    },
    async connect(head, accept, peer, signal) {
      const result = await pools.get(accept.key)!.connect({
        clientAddress: peer.address,
        authority: accept.authority,
        path: accept.path,
        origin: accept.origin,
        signal,
      });
      return result.ok ? result : refuseForBackend(options, head, peer, result.failure);
    },
    abandon(accept, peer, lease) {
      lease.connection.close();
      lease.release();
      requests.info("client went away before the upgrade", {
        client: peer.name,
        route: accept.key,
        ...askedFor(accept),
        backend: lease.backend,
        pid: lease.pid,
      });
    },
    open: (accept, peer, lease, start) => openTunnel(shared, accept, peer, lease, start),
  };
}

function refuseForBackend(
  options: DoorOptions,
  head: RequestHead,
  peer: Peer,
  failure: ConnectFailure,
): Connected {
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

function openTunnel(
  { registry, watch, log, stopping, greetings }: Shared,
  accept: AcceptedRequest,
  peer: Peer,
  lease: Lease,
  start: (settings: TunnelSettings) => RunningTunnel,
): void {
  const names = {
    id: registry.nextId(),
    client: peer.name,
    route: accept.key,
    asked: askedFor(accept),
    backend: lease.backend,
    pid: lease.pid,
  };
  let running: RunningTunnel | null = null;
  let unwatch: (() => void) | null = null;
  const open: OpenTunnel = {
    ...names,
    openedAtMs: performance.now(),
    get flow() {
      return running?.machine ?? NO_FLOW;
    },
    end: (cause) => running?.machine.end(cause),
  };
  registry.add(open);
  lease.carry?.(open.id);
  log.info("tunnel opened", namesOf(open));
  const { host } = lease;
  running = start({
    encoding: accept.encoding,
    pingIntervalMs: accept.pingIntervalMs,
    readTimeoutMs: host.readTimeoutMs,
    writeTimeoutMs: host.writeTimeoutMs,
    tcpFinPropagate: host.tcpFinPropagate,
    backendLingerMs: lease.connection.lingerMs ?? BACKEND_LINGER_MS,
    onFrame: log.debugs ? frameLogger(log, peer) : null,
    onFirstBytes: accept.encoding === "text" ? greetings(names) : null,
    now: watch.nowMs,
    // Not within the call that ends it: whoever made it may not have begun to look at it.
    onOver: (ended) => queueMicrotask(() => closeTunnel(open, ended)),
    onReleased: () => unwatch?.(),
  });
  const { machine } = running;
  if (!machine.released) unwatch = watch.add((nowMs) => running?.tick(nowMs));
  if (stopping.aborted) machine.end("shutdown");

  function closeTunnel(open: OpenTunnel, ended: TunnelEnd): void {
    lease.release();
    registry.delete(open);
    const fields = closedFields(open, ended);
    if (isWarning(ended.cause)) log.warn("tunnel closed", fields);
    else log.info("tunnel closed", fields);
  }
}

/** Of a tunnel that has yet to begin. */
const NO_FLOW: Flow = { upBytes: 0, downBytes: 0, upWaits: false, downWaits: false };

/** How long a backend may be silent once its input has ended. */
const BACKEND_LINGER_MS = 2_000;

/** A client's words in the log: a line each for whoever asks must not fill the disk. */
const MAX_LOGGED_CHARACTERS = 200;

function shortened(text: string): string {
  return shorten(text, MAX_LOGGED_CHARACTERS);
}

/** That there was no Origin is worth saying where origins are checked. */
function requestFields({ config }: DoorOptions, peer: Peer, head: RequestHead | undefined) {
  if (head === undefined) return { client: peer.name };
  const { target, headers } = head;
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

function frameLogger(log: Logger, { name }: Peer): FrameObserver {
  return (way, opcode, bytes) =>
    log.debug(`frame ${way}`, { client: name, type: OPCODE_NAMES[opcode], bytes });
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

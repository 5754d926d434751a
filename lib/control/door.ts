/**
 * The way in, of what the program has: rules, pools, the registry of open tunnels; it tells of all that happens there.
 *
 * @module
 */
import type { Entry } from "../access/access.ts";
import type { Peer } from "../base/peer.ts";
import { isShortage, SHORTAGES } from "../base/exhaustion.ts";
import type { ConnectFailure, Lease } from "../backend/backend.ts";
import type {
  Admitted,
  Connected,
  Door,
  FilesAdmitted,
  RunningTunnel,
  Served,
  Taken,
  TunnelSettings,
} from "../engine/door.ts";
import type { Asked, FileOutcome, RefusalCause } from "../events/event.ts";
import type { Emit, Events } from "../events/events.ts";
import { peerWords, peerWordsOf } from "../events/words.ts";
import { type Answer, answer } from "../http/answer.ts";
import { clientOf, isTrusted } from "../http/forwarded.ts";
import { type RequestHead, withoutQuery } from "../http/request.ts";
import { type AcceptedRequest, decide } from "../http/verdict.ts";
import type { Limit, Pass } from "../limits/connections.ts";
import { Tally } from "../limits/tally.ts";
import { answerFor, type ConnectionCounts, createGate } from "./gate.ts";
import type { Generation, Generations } from "./generation.ts";
import type { Registry } from "./registry.ts";
import { Session } from "./session.ts";
import type { Sweep } from "../engine/sweep.ts";
import type { FrameObserver } from "../websocket/frame.ts";
import type { RemovedRoutes } from "./removed_routes.ts";
import { createGreetingWarning, type GreetingWarning } from "./greeting_warning.ts";
import { identityOf } from "./progress.ts";
import { giveUp, seekBackend } from "./seek.ts";

export interface DoorOptions {
  readonly generations: Pick<Generations, "current">;
  readonly registry: Registry;
  readonly sweep: Sweep;
  readonly events: Events;
  /** Aborted when the server stops: nobody is let in from then on. */
  readonly stopping: AbortSignal;
  /** A tunnel by a route that a reload has removed, whose time is over, ends at once as well. */
  readonly removed: Pick<RemovedRoutes, "isOver">;
}

/** What the tunnels share. */
interface Shared extends DoorOptions {
  readonly tunnels: Tally;
  readonly greetings: GreetingWarning;
}

/** The way in, seen from inside. */
export interface CountedDoor extends Door {
  readonly connections: ConnectionCounts;
}

/** Makes the way in that all engines use. */
export function createDoor(options: DoorOptions): CountedDoor {
  const { generations, stopping, events, sweep } = options;
  const { emit } = events;
  const counts = { tunnels: new Tally(), served: new Tally() };
  const shared = { ...options, tunnels: counts.tunnels, greetings: createGreetingWarning(emit) };
  const gate = createGate({ ...options, emit });
  const since = (pass: Pass) => secondsOf(pass, sweep);
  const refusedBy = (limit: Limit, peer: Peer, pass: Pass, asked?: Asked): Answer => {
    const refusal = answerFor(limit);
    tellRefusal(emit, {
      peer,
      ...(asked && { asked }),
      answer: refusal,
      cause: "limit",
      why: limit,
      handshakeSeconds: since(pass),
    });
    return refusal;
  };
  const speaksFor = (pass: Pass, peer: Peer): Answer | null => {
    const limit = gate.move(pass, peer);
    return limit === null ? null : refusedBy(limit, peer, pass);
  };
  return {
    connections: gate.counts,
    get limits() {
      return generations.current.limits;
    },
    accepts(peer) {
      if (stopping.aborted) {
        const refusal = answer(503, reasonFor("aborted", stopping), { "retry-after": "1" });
        tellRefusal(emit, { peer, answer: refusal, cause: "aborted", handshakeSeconds: 0 });
        const pass = gate.turnAway();
        return pass === null ? "dropped" : { pass, answer: refusal };
      }
      const entry = gate.enter(peer);
      if (typeof entry !== "string") return { pass: entry, answer: null };
      const extra = entry === "max-connections" ? gate.extra(peer) : null;
      if (extra !== null) return { pass: extra, answer: null };
      const pass = gate.turnAway();
      if (pass !== null) return { pass, answer: refusedBy(entry, peer, pass) };
      emit({ kind: "connection-dropped", client: peer.name, limit: entry, pending: false });
      return "dropped";
    },
    speaksFor,
    refused: (peer, answer, pass) =>
      tellRefusal(emit, { peer, answer, cause: "head", handshakeSeconds: since(pass) }),
    trusts: ({ address }) => isTrusted(generations.current.trust, address),
    unproxied: ({ name: client }, reason) => emit({ kind: "proxy-header-refused", client, reason }),
    admit(head, sender, pass) {
      const { rules, trust, checksOrigins } = generations.current;
      const peer = clientOf(head.headers, sender, trust);
      const refusal = peer === sender ? null : speaksFor(pass, peer);
      if (refusal !== null) return { answer: refusal };
      const verdict = decide(head, peer.address, rules);
      if ("accept" in verdict || "files" in verdict) {
        if (pass.limit !== null) {
          return { answer: refusedBy(pass.limit, peer, pass, askedBy(head, checksOrigins)) };
        }
        if ("accept" in verdict) {
          return { accept: withWay(verdict.accept, generations.current, pass), peer };
        }
        const access = generations.current.fileAccess.get(verdict.files.key ?? "") ?? null;
        return { files: { ...verdict.files, access, pass }, peer };
      }
      const asked = askedBy(head, checksOrigins);
      if ("health" in verdict) {
        emit({ kind: "health-asked", client: peer.name, via: peer.via, asked });
        return { answer: verdict.health };
      }
      const { refuse, denied } = verdict;
      const cause = denied === undefined ? "rules" : "client";
      const handshakeSeconds = since(pass);
      tellRefusal(emit, { peer, asked, route: denied, answer: refuse, cause, handshakeSeconds });
      return { answer: refuse };
    },
    connect(head, accept, peer, signal, dialler) {
      const request = { accept, head, peer, signal, dialler };
      return seekBackend(counts, request, (sought): Connected => {
        if ("lease" in sought) return sought;
        const asked = askedBy(head, generations.current.checksOrigins);
        const refusal = "failure" in sought ? unavailable(sought.failure, stopping) : sought;
        const handshakeSeconds = since(accept.pass);
        tellRefusal(emit, { peer, asked, route: accept.key, ...refusal, handshakeSeconds });
        return { answer: refusal.answer };
      });
    },
    serve: (head, files, peer, signal, send) =>
      serveFiles(shared, { head, files, peer, signal }, send),
    abandon(accept, peer, { lease, user }) {
      lease.connection.close();
      lease.release();
      giveUp(counts, accept.key);
      emit({ kind: "client-left", ...namesOf(accept, peer, lease, user) });
    },
    open: (accept, peer, taken, start) => openTunnel(shared, accept, peer, taken, start),
  };
}

/** Where nobody is asked who it is. */
const ANYBODY: Entry = { user: null };

interface FilesAsked {
  readonly head: RequestHead;
  readonly files: FilesAdmitted;
  readonly peer: Peer;
  readonly signal: AbortSignal;
}

async function serveFiles(
  { events: { emit }, sweep }: Shared,
  { head, files, peer, signal }: FilesAsked,
  send: () => Promise<FileOutcome>,
): Promise<Served> {
  const { access, key: route, pass } = files;
  const asked = askedBy(head, false);
  const entry = access === null ? ANYBODY : await access.enter({ head, peer, signal });
  if ("answer" in entry) {
    const handshakeSeconds = secondsOf(pass, sweep);
    tellRefusal(emit, { peer, asked, route, ...entry, handshakeSeconds });
    return { answer: entry.answer };
  }
  pass.letIn();
  const startMs = performance.now();
  let outcome: FileOutcome;
  try {
    outcome = await send();
  } catch (error) {
    emit({ kind: "defect", error });
    return { answer: answer(500, "the file can't be sent") };
  }
  const userName = entry.user ?? peer.user ?? null;
  emit({
    kind: "file-asked",
    client: peer.name,
    via: peer.via,
    tls: peer.tls,
    user: userName === null ? null : peerWords(userName),
    route,
    method: peerWords(head.method),
    asked,
    ...outcome,
    seconds: (performance.now() - startMs) / 1000,
  });
  return outcome;
}

/** How long a connection, or its request, has been there. */
function secondsOf({ sinceMs }: Pass, sweep: Sweep): number {
  return (sweep.nowMs() - sinceMs) / 1000;
}

/** A request with what its route has for it. */
function withWay(accept: AcceptedRequest, generation: Generation, pass: Pass): Admitted {
  const { pools, access, targets, secrets, tunnelLimits, exitAfterTunnels, tickMs } = generation;
  const { key } = accept;
  return {
    ...accept,
    pool: pools.get(key)!,
    access: access.get(key) ?? null,
    targets: targets.get(key) ?? null,
    secrets: secrets.get(key) ?? [],
    limits: tunnelLimits.get(key)!,
    exitAfterTunnels,
    tickMs,
    pass,
  };
}

function unavailable({ kind, reason }: ConnectFailure, stopping: AbortSignal) {
  const refusal = answer(503, reasonFor(kind, stopping), { "retry-after": "1" });
  return { answer: refusal, cause: kind, why: reason };
}

/** A refusal as it is told of: what is left out there was not. */
interface Refusal {
  readonly peer: Peer;
  readonly asked?: Asked;
  /** None, or null: no route's path. */
  readonly route?: string | null | undefined;
  readonly answer: Answer;
  readonly cause: RefusalCause;
  readonly why?: string;
  readonly handshakeSeconds: number;
}

function tellRefusal(emit: Emit, refusal: Refusal): void {
  const { peer, asked, route, answer, cause, why, handshakeSeconds } = refusal;
  emit({
    kind: "request-refused",
    client: peer.name,
    via: peer.via,
    tls: peer.tls,
    asked: asked ?? null,
    route: route ?? null,
    cause,
    status: answer.status,
    reason: peerWords(answer.body.trimEnd()),
    why,
    handshakeSeconds,
  });
}

function reasonFor(kind: ConnectFailure["kind"], stopping: AbortSignal): string {
  if (kind === "full") return "every backend is busy";
  if (kind === "share") return "this address has as many tunnels as it may";
  if (isShortage(kind)) return SHORTAGES[kind];
  return stopping.aborted ? "the server shuts down" : "no backend can be reached";
}

function openTunnel(
  shared: Shared,
  accept: Admitted,
  peer: Peer,
  { lease, user }: Taken,
  start: (settings: TunnelSettings) => RunningTunnel,
): boolean {
  const { registry, sweep, events, removed, greetings } = shared;
  const { emit } = events;
  const id = registry.nextId();
  const { pass } = accept;
  const session = new Session(shared, { ...namesOf(accept, peer, lease, user), id, lease, pass });
  registry.add(session);
  try {
    lease.carry?.(id);
    const handshakeSeconds = secondsOf(pass, sweep);
    emit({ ...identityOf(session), kind: "tunnel-opened", handshakeSeconds });
    const { host } = lease;
    const settings: TunnelSettings = {
      encoding: accept.encoding,
      pingIntervalMs: accept.pingIntervalMs,
      readTimeoutMs: host.readTimeoutMs,
      writeTimeoutMs: host.writeTimeoutMs,
      idleTimeoutMs: accept.limits.tunnelIdleTimeoutMs,
      maxLifetimeMs: accept.limits.maxLifetimeMs,
      tcpFinPropagate: host.tcpFinPropagate,
      backendLingerMs: lease.connection.lingerMs ?? BACKEND_LINGER_MS,
      onFrame: events.wants("frame") ? frameTeller(emit, session) : null,
      onFirstBytes: accept.encoding === "text" ? greetings(session) : null,
      now: sweep.nowMs,
      listener: session,
    };
    session.begin(start(settings), accept.tickMs);
  } catch (error) {
    emit({ kind: "defect", error });
    session.fail();
    return false;
  }
  if (registry.ending !== null) session.end(registry.ending);
  else if (removed.isOver(accept.key)) session.end("route-removed");
  return true;
}

/** How long a backend may be silent once its input has ended. */
const BACKEND_LINGER_MS = 2_000;

/** Whose request it is, and where it leads. */
function namesOf(
  { key: route, path, authority, origin, protocol, declined }: AcceptedRequest,
  { name: client, via, tls }: Peer,
  { backend, isTarget, pid }: Lease,
  userName: string | null,
) {
  const user = userName === null ? null : peerWords(userName);
  const asked = inWords(path, authority, origin, protocol, declined);
  return { client, via, tls, user, route, asked, backend, isTarget, pid };
}

/** What was asked for last: most ask for the same, and share it. */
let lastAsked: Asked | null = null;

function inWords(
  path: string,
  authority: string,
  origin: string | null,
  protocol: string | null,
  declined: string | null,
): Asked {
  const last = lastAsked;
  const isSame = last !== null && path === last.path && authority === last.host &&
    origin === (last.origin ?? null) && protocol === (last.subprotocol ?? null) &&
    declined === (last.declined ?? null);
  return isSame ? last : lastAsked = {
    path: peerWords(path),
    host: peerWords(authority),
    origin: peerWordsOf(origin),
    subprotocol: peerWordsOf(protocol),
    declined: peerWordsOf(declined),
  };
}

/** What a request asks for that gets an answer. That there was no Origin is worth saying where origins are checked. */
function askedBy({ target, headers }: RequestHead, areOriginsChecked: boolean): Asked {
  const origin = headers.get("origin");
  return {
    path: peerWords(withoutQuery(target)),
    host: peerWordsOf(headers.get("host")),
    origin: origin === null && areOriginsChecked ? null : peerWordsOf(origin),
  };
}

function frameTeller(emit: Emit, { id: tunnel, client }: Session): FrameObserver {
  return (way, opcode, bytes) => emit({ kind: "frame", tunnel, client, way, opcode, bytes });
}

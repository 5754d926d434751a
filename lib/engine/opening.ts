/**
 * A client's connection until it is a tunnel's: a state machine over its transport, so that no promise waits for the client.
 *
 * | state | waits for | then |
 * |---|---|---|
 * | `proxy` | a PROXY header, within the handshake's time | `head`, or `over` without a word |
 * | `head` | a whole head, within the handshake's time | a refusal, `sending` or `connecting` |
 * | `sending` | the client to take a file; what it sends meanwhile is kept, up to a bound | `idle`, or `head` where it has sent more, or its end |
 * | `idle` | another request, for as long as for the first | `head`, or `over` without a word |
 * | `connecting` | the backend; what the client sends meanwhile is kept, up to a bound | a refusal, or the tunnel |
 * | `refused` | the client's end, a second at most, so that no reset overtakes the answer | `over` |
 * | `over` | | |
 *
 * @module
 */
import type { StreamEnd } from "../base/transport.ts";
import type { Dialler } from "../backend/connect.ts";
import type { BackendConnection } from "../backend/connection.ts";
import type { Peer } from "../base/peer.ts";
import type { Link } from "../base/chain.ts";
import { type Answer, answer } from "../http/answer.ts";
import { formatAnswer, formatUpgrade, writeUpgrade } from "../http/format.ts";
import { HeadParser, type ParsedHead } from "../http/head.ts";
import type { Pass } from "../limits/connections.ts";
import { mayPersist, type RequestHead } from "../http/request.ts";
import { asksForHead } from "../http/request_line.ts";
import { MAX_LEFTOVER_BYTES } from "../websocket/frame_parser.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";
import type {
  Admitted,
  Connected,
  Door,
  FilesAdmitted,
  RunningTunnel,
  Served,
  Taken,
  TunnelSettings,
} from "./door.ts";
import { endFallen } from "./defect.ts";
import type { DrivenTransport, TransportListener } from "./driven_transport.ts";
import { SMALL_BYTES } from "./elastic_buffer.ts";
import { Delivery } from "./files/delivery.ts";
import { loadFileServer } from "./files/load.ts";
import { KeptBytes } from "./kept_bytes.ts";
import type { Listed } from "./openings.ts";
import { type Beginning, readBeginning } from "./proxy_header.ts";
import type { Ticked } from "./sweep.ts";

/** How long a refused client may take to end its connection, so that the answer reaches it. */
const REFUSED_LINGER_MS = 1_000;

/** What a client may send behind its head before its backend is connected; then it waits. */
const EARLY_BYTES = 4 * 1024;

export interface OpeningOptions {
  readonly door: Door;
  /** Who connects to a backend. @default the runtime */
  readonly dialler?: Dialler;
  /** Where an answer may be put together whose bytes the transport has sent, or copied, when `send()` returns. @default an array of its own */
  readonly room?: Uint8Array<ArrayBuffer>;
  /** Begins to move the bytes of a client that became a tunnel's. */
  readonly start: (start: TunnelStart) => RunningTunnel;
  /** The time, by the clock of the ticks. */
  readonly nowMs: () => number;
  /** Told when the client has become a tunnel's, or its connection is closed. */
  readonly onOver: (opening: Opening) => void;
}

/** A tunnel that is to begin. */
export interface TunnelStart {
  /** The upgrade has been sent there. */
  readonly client: DrivenTransport;
  readonly connection: BackendConnection;
  readonly settings: TunnelSettings;
  /** How often it is to be looked at. */
  readonly tickMs: number;
  /** What the client has sent behind its request's head, if anything. */
  readonly early: Uint8Array<ArrayBuffer>;
}

export class Opening implements TransportListener, Listed {
  listed: Link<Listed> | null = null;
  ticked: Link<Ticked> | null = null;
  #state: "proxy" | "head" | "sending" | "idle" | "connecting" | "refused" | "over" = "head";
  readonly #options: OpeningOptions;
  /** Whoever is at the other end, and for whom that one said it speaks, with its last request. */
  #sender: Peer;
  #peer: Peer;
  readonly #pass: Pass;
  readonly #transport: DrivenTransport;
  #parser: HeadParser;
  readonly #beginning: Beginning;
  /** Of a head that came in pieces, or what came behind it. */
  #kept = new KeptBytes();
  #handshakeTimeoutMs: number;
  #deadlineMs: number;
  #gone: AbortController | null = null;
  /** The answer that is under way. */
  #delivery: Delivery | null = null;
  /** No request is taken behind this one, whoever says so. */
  #isLast = false;
  /** The client has no more to say. */
  #hasEnded = false;

  constructor(
    transport: DrivenTransport,
    peer: Peer,
    pass: Pass,
    options: OpeningOptions,
    beginning: Beginning = null,
    /** When the client's time began. */
    sinceMs: number = options.nowMs(),
  ) {
    this.#options = options;
    this.#sender = peer;
    this.#peer = peer;
    this.#pass = pass;
    pass.holder = this;
    const { handshakeTimeoutMs, maxHeadBytes } = options.door.limits;
    this.#parser = new HeadParser(maxHeadBytes);
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.#deadlineMs = sinceMs + this.#handshakeTimeoutMs;
    this.#transport = transport;
    this.#beginning = beginning;
    if (beginning !== null) this.#state = "proxy";
    transport.onDefect = () => this.onDefect();
    // A head, and no more than a little behind it.
    transport.begin(this, null, SMALL_BYTES);
  }

  receiveAt(): number {
    return MAX_LEFTOVER_BYTES;
  }

  received(wide: WideBytes, from: number, to: number): void {
    if (this.#state === "proxy") this.#readProxyHeader(wide.bytes, from, to);
    else if (this.#state === "head") this.#readHead(wide.bytes, from, to);
    else if (this.#state === "connecting" || this.#state === "sending") {
      this.#keep(wide.bytes, from, to);
    } else if (this.#state === "idle") {
      this.#expectHead();
      this.#readHead(wide.bytes, from, to);
    }
  }

  /** Who has asked for a file may have no more to say, and wait for it all the same. */
  ended(how: StreamEnd): void {
    this.#hasEnded = true;
    if (this.#state !== "sending" || how !== "fin") this.#leave();
  }

  writable(): void {
    this.#delivery?.taken();
  }

  sendFailed(): void {
    this.#leave();
  }

  /** Nobody is to be let in any more: a request that is being served is answered, any other one dropped. */
  turnAway(): void {
    this.retire();
    if (this.#state === "proxy" || this.#state === "head") this.#close();
    else this.#gone?.abort();
  }

  /** No further request is waited for. */
  retire(): void {
    this.#isLast = true;
    if (this.#state === "idle") this.#close();
  }

  tick(nowMs: number): void {
    if (this.#state === "connecting" && this.#kept.length >= EARLY_BYTES) {
      // Nothing more is read that would tell.
      if (this.#transport.hasEnded()) return this.#leave();
      this.#transport.probe();
    }
    this.#delivery?.tick(nowMs);
    if (nowMs < this.#deadlineMs) return;
    const seconds = this.#handshakeTimeoutMs / 1000;
    if (this.#state === "proxy") return this.#drop(`no PROXY header within ${seconds} seconds`);
    if (this.#state !== "head") return this.#close();
    this.#refuseHead(answer(408, `no request within ${seconds} seconds`), this.#kept.bytes);
  }

  onDefect(): void {
    this.drop();
  }

  #readProxyHeader(bytes: Uint8Array<ArrayBuffer>, from: number, to: number): void {
    if (this.#kept.length > 0) {
      this.#keep(bytes, from, to);
      bytes = this.#kept.bytes;
      [from, to] = [0, bytes.length];
    }
    const read = readBeginning(this.#beginning!, this.#peer, bytes, from, to);
    if (read === "incomplete") {
      if (this.#kept.length === 0) this.#keep(bytes, from, to);
      return;
    }
    if ("problem" in read) return this.#drop(read.problem);
    this.#sender = this.#peer = read.peer;
    this.#state = "head";
    this.#kept = new KeptBytes();
    const refusal = this.#options.door.speaksFor(this.#pass, read.peer);
    if (refusal !== null) return this.refuse(refusal);
    if (read.end < to) this.#readHead(bytes, read.end, to);
  }

  #readHead(bytes: Uint8Array<ArrayBuffer>, from: number, to: number): void {
    if (this.#kept.length === 0) {
      const parsed = this.#parser.parse(bytes, from, to);
      if (parsed === "incomplete") this.#keep(bytes, from, to);
      else this.#takeHead(parsed, bytes, from, to);
      return;
    }
    this.#keep(bytes, from, to);
    const kept = this.#kept.bytes;
    const parsed = this.#parser.parse(kept, 0, kept.length);
    if (parsed !== "incomplete") this.#takeHead(parsed, kept, 0, kept.length);
  }

  #takeHead(
    parsed: Exclude<ParsedHead, "incomplete">,
    bytes: Uint8Array<ArrayBuffer>,
    from: number,
    to: number,
  ): void {
    if ("problem" in parsed) {
      const { status, reason } = parsed.problem;
      return this.#refuseHead(answer(status, reason), bytes.subarray(from, to));
    }
    const { head, end } = parsed;
    if (this.#kept.length > 0) this.#kept = new KeptBytes();
    this.#kept.add(bytes, end, to);
    const { door } = this.#options;
    const admission = door.admit(head, this.#sender, this.#pass);
    if ("answer" in admission) return this.refuse(admission.answer, head.method !== "HEAD");
    this.#peer = admission.peer;
    this.#deadlineMs = Infinity;
    this.#gone = new AbortController();
    if ("files" in admission) return this.#serve(head, admission.files, this.#gone.signal);
    // It has left a handshake behind its other requests, of which a tunnel would not hear the end.
    if (this.#hasEnded) return this.#close();
    this.#state = "connecting";
    door.connect(head, admission.accept, this.#peer, this.#gone.signal, this.#options.dialler)
      .then(
        (connected) => this.#onConnected(head, admission.accept, connected),
        (error) => this.#fall(error),
      );
  }

  #serve(head: RequestHead, files: FilesAdmitted, signal: AbortSignal): void {
    this.#state = "sending";
    const { door, nowMs, dialler } = this.#options;
    dialler?.onRuntime?.();
    const { writeTimeoutMs } = files.config;
    this.#isLast ||= !mayPersist(head);
    const closes = () => this.#isLast || (this.#hasEnded && this.#kept.length === 0);
    const delivery = new Delivery(this.#transport, nowMs, writeTimeoutMs, closes);
    this.#delivery = delivery;
    const send = async () => (await loadFileServer()).sendFile(head, files, delivery);
    door.serve(head, files, this.#peer, signal, send)
      .then((served) => this.#onServed(head, served))
      .catch((error) => this.#fall(error));
  }

  #onServed(head: RequestHead, served: Served): void {
    this.#gone = null;
    this.#delivery = null;
    if (this.#state === "over") return;
    if ("answer" in served) return this.refuse(served.answer, head.method !== "HEAD");
    if (served.end !== "sent") return this.#close();
    const kept = this.#kept.bytes;
    if (this.#hasEnded && (this.#isLast || kept.length === 0)) return this.#close();
    if (this.#isLast) return this.#linger();
    this.#pass.turnedDown(this.#peer.name, this);
    this.#kept = new KeptBytes();
    this.#expectHead();
    if (kept.length === 0) this.#state = "idle";
    else this.#readHead(kept, 0, kept.length);
    // It may be a tunnel's by now.
    if (this.#isOver) return;
    if (this.#kept.length < EARLY_BYTES || this.#state === "head") this.#transport.resumeReading();
    // What it has said last is no whole head.
    if (this.#hasEnded && this.#state === "head") this.#close();
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  /** Another request begins, or is waited for. */
  #expectHead(): void {
    const { door: { limits }, nowMs } = this.#options;
    this.#state = "head";
    this.#parser = new HeadParser(limits.maxHeadBytes);
    this.#handshakeTimeoutMs = limits.handshakeTimeoutMs;
    this.#pass.sinceMs = nowMs();
    this.#deadlineMs = this.#pass.sinceMs + this.#handshakeTimeoutMs;
  }

  #onConnected(head: RequestHead, accept: Admitted, connected: Connected): void {
    this.#gone = null;
    if (this.#state === "over") {
      if ("lease" in connected) this.#options.door.abandon(accept, this.#peer, connected);
      return;
    }
    if ("answer" in connected) return this.refuse(connected.answer, head.method !== "HEAD");
    try {
      this.#upgrade(head, accept, connected);
    } catch (error) {
      this.#options.door.abandon(accept, this.#peer, connected);
      this.#fall(error);
    }
  }

  /** A defect was met in no step of its connection's, where nobody else would end it. */
  #fall(error: unknown): void {
    endFallen(this, error, reportError);
  }

  #upgrade(head: RequestHead, accept: Admitted, taken: Taken): void {
    const client = this.#transport;
    const key = head.headers.get("sec-websocket-key")!;
    const { room } = this.#options;
    if (room !== undefined) client.send(room, 0, writeUpgrade(room, key, accept.protocol));
    else {
      const upgrade = formatUpgrade(key, accept.protocol);
      client.send(upgrade, 0, upgrade.length);
    }
    // What comes now is the tunnel's, which may make the client wait again.
    client.resumeReading();
    const early = this.#kept.bytes;
    const { connection } = taken.lease;
    const { tickMs } = accept;
    const isOpen = this.#options.door.open(
      accept,
      this.#peer,
      taken,
      (settings) => this.#options.start({ client, connection, settings, tickMs, early }),
    );
    if (!isOpen) client.close();
    this.#settle();
  }

  #keep(bytes: Uint8Array<ArrayBuffer>, from: number, to: number): void {
    this.#kept.add(bytes, from, to);
    const isEarly = this.#state === "connecting" || this.#state === "sending";
    if (isEarly && this.#kept.length >= EARLY_BYTES) this.#transport.pauseReading();
  }

  /** What is no head is refused by us, before anybody looks at it. */
  #refuseHead(refusal: Answer, received: Uint8Array): void {
    this.#options.door.refused(this.#peer, refusal, this.#pass);
    this.refuse(refusal, !asksForHead(received));
  }

  /** Answers, and waits for the client to leave. */
  refuse(refusal: Answer, withBody = true): void {
    const bytes = formatAnswer(refusal, withBody, new Date());
    this.#transport.send(bytes, 0, bytes.length);
    this.#linger();
  }

  /** Ends our side behind what was sent. */
  #linger(): void {
    this.#state = "refused";
    this.#pass.turnedDown(this.#peer.name, this);
    this.#deadlineMs = this.#options.nowMs() + REFUSED_LINGER_MS;
    this.#transport.shutdown();
    this.#transport.resumeReading();
  }

  /** It has not said for whom it speaks, and is told nothing. */
  #drop(reason: string): void {
    this.#options.door.unproxied(this.#peer, reason);
    this.#close();
  }

  /** It has to go, for another. */
  drop(): void {
    this.#leave();
  }

  /** The client has gone. */
  #leave(): void {
    const gone = this.#gone;
    this.#close();
    // Behind it: what comes of that, perhaps at once, is no answer any more.
    gone?.abort();
  }

  #close(): void {
    this.#transport.close();
    this.#delivery?.cutOff();
    this.#over();
  }

  #over(): void {
    if (this.#state === "over") return;
    this.#settle();
    this.#pass.release();
  }

  /** It is closed, or a tunnel's, which has its pass then. */
  #settle(): void {
    this.#state = "over";
    this.#options.onOver(this);
  }
}

/**
 * One client with one backend: a state machine without I/O. Bytes, ends and ticks come in, bytes and ends go out; it never waits.
 *
 * Until its cause is known, what has ended decides (`up`: client to backend, `down`: backend to client):
 *
 * | what ended | waits until | then the cause is |
 * |---|---|---|
 * | the client: Close, lost, no base64 | the backend has its last bytes (5 s without progress: `backend-stalled`) | the client's |
 * | the same, a Close, `tcp-fin-propagate` | then a half-close, and the backend's end (30 s of silence) | the client's |
 * | the client, in breach of RFC 6455 | | the client's |
 * | the client takes no more | what it had sent is with the backend (5 s) | `client-lost` |
 * | the backend: end, reset, not UTF-8 | the client has all before it | the backend's |
 * | the backend takes no more | it ends (5 s of silence) | its end's, else `backend-error` |
 * | asked from outside | | what was asked |
 *
 * With `hearsOut` a backend's end of stream is told by our Close alone, and what the client sends until its own is passed on: then the cause is the client's.
 *
 * Then both sides are ended, each for itself:
 *
 * | side | steps |
 * |---|---|
 * | client | our Close; 5 s for its Close, then it counts as closed; 15 s more until its connection is cut |
 * | backend that is over | closed |
 * | any other backend | the last bytes (5 s without progress), end of stream, its own end or silence, closed |
 *
 * @module
 */
import type { StreamEnd, Transport } from "../base/transport.ts";
import type { ClientEnd, ClientFinish, ClientListener } from "../websocket/client_end.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";
import { Base64Decoder } from "./base64.ts";
import {
  type Cause,
  type DownState,
  endOf,
  endOfBackend,
  endOfClient,
  endOfVainWait,
  isBackendOver,
  isToldAtOnce,
  LOST,
  type TunnelEnd,
  type UpState,
} from "./cause.ts";
import { createEncoder, type Encoder } from "./encoder.ts";
import { Patience } from "./patience.ts";
import type { TunnelOptions, TunnelStanding } from "./tunnel_options.ts";
import { Uplink } from "./uplink.ts";
import {
  BACKEND_LINGER_MS,
  CLIENT_LINGER_MS,
  CLOSE_MS,
  FIN_PROPAGATE_MS,
  LAST_BYTES_MS,
  SHORT_LINGER_MS,
} from "./waits.ts";
import { createWatchdog, type TunnelSigns, UNWATCHED, type Watchdog } from "./watchdog.ts";

export class Tunnel implements ClientListener {
  /** Bytes of the backend given to the client, before they are encoded. */
  downBytes = 0;
  /** How it ended, once both sides are through, or as good as. */
  over: TunnelEnd | null = null;
  readonly #options: TunnelOptions;
  #client!: ClientEnd;
  readonly #backend: Transport;
  readonly #uplink: Uplink;
  readonly #encoder: Encoder;
  readonly #decoder: Base64Decoder | null;
  #up: UpState = "open";
  #down: DownState = "open";
  #backendClosed = false;
  #clientState: "open" | "refused" | "closed" | "late" = "open";
  /** What the client's end makes of the tunnel, and the backend's. */
  #clientSays: TunnelEnd | null = null;
  #backendSays: TunnelEnd | null = null;
  #cause: TunnelEnd | null = null;
  #wasReset = false;
  #backendPaused = false;
  #hurried = false;
  #releaseTold = false;
  /** Counts up with what comes from the backend. */
  #downSteps = 0;
  /** Made when something is first waited for. */
  #patience: Patience | null = null;
  /** When the client has had time enough; 0: it has all the time. */
  #clientDeadlineMs = 0;
  readonly #watchdog: Watchdog | null;

  constructor(backend: Transport, options: TunnelOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#uplink = new Uplink(backend, options);
    this.#encoder = createEncoder(options.encoding);
    this.#decoder = options.encoding === "base64" ? new Base64Decoder() : null;
    this.#watchdog = createWatchdog(options, options.now());
  }

  /** The client's end, before anything is told of either side. */
  begin(client: ClientEnd): void {
    this.#client = client;
  }

  /** Payload bytes that are with the backend. */
  get upBytes(): number {
    return this.#backend.sent;
  }

  /** The backend has yet to take some of what the client sent. */
  get upWaits(): boolean {
    return this.#uplink.waits;
  }

  /** Bytes of the client that are held until the backend takes them. */
  get upHeld(): number {
    return this.#uplink.held;
  }

  /** The client has yet to take some of what the backend sent. */
  get downWaits(): boolean {
    return !this.#client.drained;
  }

  /** Its cause is known: what still comes from the backend is thrown away. */
  get ending(): boolean {
    return this.#cause !== null;
  }

  /** Both connections are closed: nothing more happens. */
  get released(): boolean {
    return this.#backendClosed && this.#clientState === "closed";
  }

  /** How it stands, for another machine to go on in its place; null: it waits for something, or ends. */
  standing(): TunnelStanding | null {
    const isOpen = this.#cause === null && this.#up === "open" && this.#down === "open" &&
      this.#clientState === "open";
    const waits = this.upHeld > 0 || this.#uplink.holdsClient || this.#backendPaused ||
      this.#watchdog?.awaitsPong === true;
    const isWhole = this.#encoder.complete && this.#decoder?.complete !== false;
    if (!isOpen || waits || !isWhole) return null;
    const watched = this.#watchdog?.standing(this.#signs, this.#options.now()) ?? UNWATCHED;
    return { ...watched, downBytes: this.downBytes, isAnswered: this.#downSteps > 0 };
  }

  /** Goes on where another has stopped, before anything is told of either side. */
  goOn(standing: TunnelStanding): void {
    this.downBytes = standing.downBytes;
    this.#watchdog?.goOn(standing, this.#backend.sent, this.#options.now());
  }

  /** Where in a buffer of `length` bytes the backend's next ones are to be received. */
  receiveAt(length: number): number {
    return this.#encoder.receiveAt(length);
  }

  clientPayload(wide: WideBytes, start: number, end: number): void {
    if (this.#up !== "open" || this.#cause !== null) return;
    const decoder = this.#decoder;
    if (decoder === null) return this.#uplink.pass(this.#client, wide.bytes, start, end);
    decoder.decode(wide.bytes, start, end);
    this.#uplink.pass(this.#client, wide.bytes, decoder.start, decoder.end);
    if (decoder.failed) this.#endUp(endOf("client-base64"));
  }

  clientFinished(finish: ClientFinish): void {
    if (this.#cause !== null) return;
    if (isToldAtOnce(finish)) return this.#end(endOfClient(finish));
    if (this.#up !== "open") return;
    // A lost connection may break off anywhere.
    const isCut = finish.kind === "close" && this.#decoder?.complete === false;
    this.#endUp(isCut ? endOf("client-base64") : endOfClient(finish));
  }

  clientRefused(): void {
    if (this.#clientState === "open") this.#clientState = "refused";
    if (this.#cause !== null) return;
    this.#resumeBackend();
    if (this.#up === "open") this.#wait(this.#lastBytesMs);
    this.#decide();
  }

  clientDrained(): void {
    this.#resumeBackend();
    this.#decide();
  }

  clientClosed(): void {
    this.#clientState = "closed";
    this.#clientDeadlineMs = 0;
    this.#resumeBackend();
    if (this.#cause === null && this.#up === "open") this.#endUp(LOST);
    else this.#decide();
  }

  /** The bytes received from the backend in `[start..end)`, at {@linkcode receiveAt}. Valid during the call. */
  backendBytes(wide: WideBytes, start: number, end: number): void {
    if (this.#downSteps++ === 0) this.#options.onFirstBytes?.(wide.bytes.subarray(start, end));
    if (this.#down !== "open" || this.#cause !== null) return;
    const encoder = this.#encoder;
    const valid = encoder.encode(wide, start, end);
    this.downBytes += end - start;
    if (encoder.start < encoder.end && !this.#client.send(wide, encoder.start, encoder.end)) {
      this.#backendPaused = true;
      this.#backend.pauseReading();
    }
    if (!valid) this.#endDown(endOf("backend-not-utf8"), "ending");
  }

  backendEnded(how: StreamEnd): void {
    if (this.#down === "ended") return;
    const heard = how === "fin" && this.#wasReset ? "reset" : how;
    this.#endDown(endOfBackend(heard, this.#encoder.complete), "ended");
  }

  /** There is room to send more, or what was taken is out. */
  backendWritable(): void {
    if (!this.#uplink.flush()) return;
    this.#uplink.resume(this.#client);
    this.#decide();
  }

  /** A send has failed: the backend takes no more, something may still come; the client is heard on. The system tells of a reset only once. */
  backendRefused(how: StreamEnd): void {
    this.#wasReset ||= how === "reset";
    this.#uplink.drop();
    this.#up = "refused";
    this.#uplink.resume(this.#client);
    if (this.#cause === null && this.#down === "open") this.#wait(LAST_BYTES_MS);
    this.#decide();
  }

  /** Ends it for a cause of ours; the first cause wins, and a shutdown hurries. */
  end(cause: Cause): void {
    this.#hurried ||= cause === "shutdown";
    if (this.#cause === null) this.#end(endOf(cause));
    else if (this.#hurried && this.#up === "ended") {
      this.#patience?.shorten(this.#options.now() + SHORT_LINGER_MS);
    }
  }

  /** Closes both sides at once, as the end of the program would do; a client whose Close is not out by then gets none. */
  cut(): void {
    if (this.over === null) {
      this.end("shutdown");
      if (!this.#client.closeSent) this.#cause = { ...this.#cause!, code: LOST.code };
      this.#closeBackend();
    }
    this.#client.cut();
    this.#wind();
  }

  /** Looks at what time has run out; to be called every now and then. */
  tick(nowMs: number): void {
    this.#uplink.beat(this.#client, nowMs);
    if (this.#cause === null) this.#watch(nowMs);
    if (this.#patience?.isDue(nowMs) && this.#patience.expired(nowMs, this.#steps)) this.#giveUp();
    if (this.#clientDeadlineMs > 0 && nowMs >= this.#clientDeadlineMs) this.#cutClient(nowMs);
  }

  #endUp(says: TunnelEnd): void {
    this.#clientSays = says;
    this.#up = "ending";
    this.#wait(this.#lastBytesMs);
    this.#decide();
  }

  #endDown(says: TunnelEnd, state: "ending" | "ended"): void {
    this.#down = state;
    this.#backendSays ??= says;
    this.#decide();
  }

  #resumeBackend(): void {
    if (!this.#backendPaused) return;
    this.#backendPaused = false;
    this.#backend.resumeReading();
  }

  /** The first table: whether the cause is known. */
  #decide(): void {
    if (this.#cause !== null) return this.#wind();
    if (this.#down !== "open" && this.#client.drained && !this.#isHeardOut()) {
      // Where a half-close was passed on, the backend's end is what the client's Close waited for.
      const isClients = this.#up === "ended" ||
        (this.#clientState !== "open" && this.#up !== "refused" && !this.upWaits);
      this.#end(isClients ? this.#clientSays ?? LOST : this.#backendSays!);
    } else if (this.#up === "ending" && !this.upWaits) {
      if (!this.#options.tcpFinPropagate || this.#clientSays!.cause !== "client-close") {
        return this.#end(this.#clientSays!);
      }
      this.#up = "ended";
      this.#backend.shutdown();
      this.#wait(FIN_PROPAGATE_MS);
    }
  }

  /** Tells the client that the backend has ended, once; what it says decides. */
  #isHeardOut(): boolean {
    if (!this.#options.hearsOut || this.#up === "refused") return false;
    if (this.#backendSays!.cause !== "backend-end") return false;
    if (this.#up === "open" && this.#clientState === "open") {
      this.#client.close(this.#backendSays!.code, "");
      // It is read on only as far as the backend takes it.
      if (this.#uplink.holdsClient) this.#client.pauseReading();
    }
    return true;
  }

  #end(cause: TunnelEnd): void {
    this.#cause = cause;
    this.#patience?.stop();
    if (this.#clientState !== "closed") this.#clientDeadlineMs = this.#options.now() + CLOSE_MS;
    // The client is told that it sent too much: that is not kept for a slow backend.
    if (cause.cause === "client-overflow") this.#uplink.drop();
    if (isBackendOver(cause.cause)) this.#closeBackend();
    else this.#endBackend();
    this.#client.close(cause.code, cause.reason);
    this.#wind();
  }

  #endBackend(): void {
    if (this.#up === "open") this.#up = "ending";
    if (this.#up === "ending") this.#wait(this.#lastBytesMs);
    else if (this.#up === "ended") this.#lingerBackend();
    this.#resumeBackend();
  }

  /** The second table: each side as far as it has come. */
  #wind(): void {
    if (!this.#backendClosed) {
      if (this.#up === "ending" && !this.upWaits) {
        this.#up = "ended";
        this.#backend.shutdown();
        this.#lingerBackend();
      }
      if (this.#up === "refused" || (this.#up === "ended" && this.#down === "ended")) {
        this.#closeBackend();
      }
    }
    const clientThrough = this.#clientState === "closed" || this.#clientState === "late";
    if (this.over === null && this.#backendClosed && clientThrough) {
      // The client may not have got our Close.
      this.over = this.#client.closeLost ? { ...this.#cause!, code: LOST.code } : this.#cause!;
      this.#options.listener.tunnelOver(this.over);
    }
    if (this.over === null || !this.released || this.#releaseTold) return;
    this.#releaseTold = true;
    this.#options.listener.tunnelReleased();
  }

  #closeBackend(): void {
    if (this.#backendClosed) return;
    this.#backendClosed = true;
    this.#patience?.stop();
    this.#uplink.drop();
    this.#backend.close();
  }

  #lingerBackend(): void {
    const nowMs = this.#options.now();
    if (!this.#uplink.hasMoved(nowMs - BACKEND_LINGER_MS)) {
      this.#wait(SHORT_LINGER_MS, SHORT_LINGER_MS);
    } else this.#wait(this.#options.backendLingerMs, BACKEND_LINGER_MS);
    if (this.#hurried) this.#patience?.shorten(nowMs + SHORT_LINGER_MS);
  }

  get #lastBytesMs(): number {
    return this.#options.lastBytesMs ?? LAST_BYTES_MS;
  }

  #wait(patienceMs: number, mostMs = 0): void {
    const patience = this.#patience ??= new Patience();
    // What is over by then whatever moves asks nobody what does.
    const steps = mostMs > 0 && mostMs <= patienceMs ? 0 : this.#steps;
    patience.start(this.#options.now(), patienceMs, steps, mostMs);
  }

  /** What shows that a wait is not in vain: the backend takes bytes, from us or from our system, or sends some. */
  get #steps(): number {
    const isTaking = this.#up === "open" || this.#up === "ending";
    if (!isTaking) return this.#downSteps + this.#backend.arrived();
    // What doesn't wait for it is with it by now.
    return this.#backend.sent + (this.upWaits ? this.#backend.arrived() : 0);
  }

  #giveUp(): void {
    if (this.#cause === null) {
      return this.#end(endOfVainWait(this.#up, this.upWaits, this.#clientSays ?? LOST));
    }
    this.#closeBackend();
    this.#wind();
  }

  #cutClient(nowMs: number): void {
    if (!this.#client.closeSent || this.#clientState === "late") return this.#client.cut();
    this.#clientState = "late";
    this.#clientDeadlineMs = nowMs + CLIENT_LINGER_MS;
    this.#client.shutdown();
    this.#wind();
  }

  get #signs(): TunnelSigns {
    return {
      client: this.#client,
      isClientOpen: this.#up === "open",
      isClientHeard: !this.#uplink.holdsClient,
      backend: this.#backend,
      upWaits: this.upWaits,
      upSteps: this.#uplink.steps,
      downSteps: this.#downSteps,
    };
  }

  #watch(nowMs: number): void {
    this.#uplink.look(nowMs);
    const due = this.#watchdog?.look(this.#signs, nowMs) ?? "nothing";
    if (due === "ping") this.#client.ping();
    else if (due !== "nothing") this.end(due);
  }
}

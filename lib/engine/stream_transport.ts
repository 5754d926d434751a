/**
 * A transport over a connection of the runtime's: TCP, TLS, unix-domain, or a program's input and output. One read and one write
 * at a time, each of which the runtime tells of by a promise.
 *
 * What one of a tunnel's two receives is sent by the other out of the buffer that it was received into, and no read begins there until that is
 * out; who looks ahead reads into memory of its own.
 *
 * @module
 */
import type { Breather } from "../base/breather.ts";
import type { PeerStatus, StreamEnd } from "../base/transport.ts";
import { type BackendConnection, ProgramFailure } from "../backend/connection.ts";
import type { TcpAnswer, TcpStatus } from "../sys/socket_diag.ts";
import { TcpState, toPeerStatus } from "../sys/tcp_info.ts";
import { endFallen } from "./defect.ts";
import {
  ANY_STEP_BYTES,
  type DrivenTransport,
  LOOK_AHEAD_BYTES,
  type TransportListener,
} from "./driven_transport.ts";
import { type Buffers, ElasticBuffer, SMALL_BYTES } from "./elastic_buffer.ts";
import { type WideBytes, wideBytes } from "../websocket/wide_bytes.ts";

/** What all transports share. */
export interface TransportOptions {
  readonly buffers: Buffers;
  readonly breather: Breather;
}

/** How long nothing is received before the memory that the last burst took is given back. */
const QUIET_MS = 1_000;

const NOTHING = new Uint8Array(0);

export class StreamTransport implements DrivenTransport {
  sent = 0;
  busy = false;
  onDefect: () => void;
  readonly #connection: BackendConnection;
  readonly #options: TransportOptions;
  readonly #ask: (() => TcpAnswer) | null;
  /** What it sends may be overwritten before it is out. */
  readonly #copies: boolean;
  #listener!: TransportListener;
  /** Null while nothing that is received is sent on. */
  #peer: DrivenTransport | null = null;
  /** The most that one read may bring. */
  #stepBytes = SMALL_BYTES;
  #buffer: ElasticBuffer;
  /** Read into while the peer sends out of the buffer; null unless it looks ahead. */
  #ahead: WideBytes | null = null;
  /** Where the bytes of the read that is under way go. */
  #wide: WideBytes;
  #from = 0;
  #lastCount = 0;
  #hasRead = false;
  #quietSinceMs = 0;
  /** `held`: what was received is being dealt with. */
  #read: "idle" | "under way" | "held" | "ended" = "idle";
  #paused = false;
  /** What is being sent. */
  #sending: Uint8Array = NOTHING;
  #out: "open" | "shut" | "failed" = "open";
  /** The system has told of a reset, which it does once. */
  #wasReset = false;
  #shutdownOwed = false;
  #closed = false;
  #freed = false;

  /** `ask` tells what the system knows of the connection; `copies`: its peer doesn't keep what it has received until that is sent. */
  constructor(
    connection: BackendConnection,
    options: TransportOptions,
    ask: (() => TcpAnswer) | null = null,
    copies = false,
  ) {
    this.#connection = connection;
    this.#ask = ask;
    this.#copies = copies;
    this.#options = options;
    this.#buffer = new ElasticBuffer(options.buffers);
    this.#wide = this.#buffer.wide;
    this.onDefect = () => this.close();
  }

  get pending(): number {
    return this.#sending.length;
  }

  get blocked(): boolean {
    return this.busy;
  }

  begin(
    listener: TransportListener,
    peer: DrivenTransport | null,
    stepBytes = ANY_STEP_BYTES,
  ): void {
    this.#listener = listener;
    this.#peer = peer;
    this.#stepBytes = stepBytes;
    this.readOn();
  }

  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    if (this.busy || this.#closed || this.#out !== "open" || start === end) return 0;
    this.busy = true;
    this.#write(this.#copies ? bytes.slice(start, end) : bytes.subarray(start, end));
    return end - start;
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    this.#paused = false;
    this.readOn();
  }

  /** A write of nothing is refused on a connection that was reset (send(2), EPIPE), and by the runtime passed on to the system. */
  probe(): void {
    if (this.busy || this.#closed || this.#out !== "open" || this.#read !== "idle") return;
    this.#connection.write(NOTHING).catch(this.#guard.bind(this, this.#onProbeFailed));
  }

  hasEnded(): boolean {
    return this.#askTcp()?.state === TcpState.CLOSE_WAIT;
  }

  arrived(): number {
    return this.sent - (this.#askTcp()?.queuedBytes ?? 0);
  }

  /** Of what is being sent some may be out already, and by TLS more is out than was sent: of those that have arrived it tells rather too few. */
  askPeer(): PeerStatus | null {
    const status = this.#askTcp();
    return status === null ? null : toPeerStatus(status, this.sent, status.queuedBytes);
  }

  shutdown(): void {
    if (this.#out !== "open" || this.#closed) return;
    if (this.busy) {
      this.#shutdownOwed = true;
      return;
    }
    this.#out = "shut";
    // The connection is gone already, or the read will tell.
    this.#connection.closeWrite().catch(() => {});
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
    this.#tidy();
  }

  lookAhead(): void {
    if (this.#read !== "idle" || this.#paused || this.#closed || !this.#peerBusy) return;
    this.#ahead ??= wideBytes(new Uint8Array(LOOK_AHEAD_BYTES));
    this.readOn();
  }

  tick(nowMs: number): void {
    const isQuiet = this.#read === "under way" && this.#wide === this.#buffer.wide;
    if (this.#hasRead || !isQuiet) {
      this.#hasRead = false;
      // A whole number is held without an object of its own.
      this.#quietSinceMs = Math.floor(nowMs);
    } else if (nowMs - this.#quietSinceMs >= QUIET_MS) this.#buffer.rest(this.#from);
  }

  peerDone(): void {
    this.#tidy();
  }

  #askTcp(): TcpStatus | null {
    const status = this.#closed ? null : this.#ask?.() ?? null;
    return status === "gone" ? null : status;
  }

  get #peerBusy(): boolean {
    return this.#peer !== null && this.#peer.blocked;
  }

  readOn(): void {
    if (this.#read !== "idle" || this.#paused || this.#closed) return;
    if (!this.#peerBusy) this.#ahead = null;
    else if (this.#ahead === null) return;
    const mayGrow = this.#stepBytes > SMALL_BYTES;
    if (mayGrow && this.#ahead === null && this.#buffer.misfits) this.#buffer.swap();
    this.#wide = this.#ahead ?? this.#buffer.wide;
    const { bytes } = this.#wide;
    this.#from = this.#listener.receiveAt(bytes.length);
    const space = bytes.subarray(this.#from, this.#from + this.#stepBytes);
    this.#read = "under way";
    const pause = this.#options.breather.after(this.#lastCount);
    const received = pause === null
      ? this.#connection.read(space)
      : pause.then(() => this.#connection.read(space));
    received.then(this.#onRead, this.#onRead);
  }

  /** One function for all that a read comes to, and bound: that is all that an idle tunnel holds of its own for it. */
  readonly #onRead = this.#guard.bind(this, this.#endOfRead);

  /** Deals with what the runtime has told: what that throws ends whatever this is part of. */
  #guard(deal: (told: unknown) => void, told: unknown): void {
    try {
      deal.call(this, told);
    } catch (error) {
      endFallen(this, error, reportError);
    }
  }

  #endOfRead(count: unknown): void {
    if (count === null) return this.#endRead("fin");
    if (typeof count !== "number") {
      return this.#endRead(count instanceof ProgramFailure ? "failed" : "reset");
    }
    this.#read = "held";
    try {
      if (!this.#closed) this.#pass(count);
    } finally {
      this.#read = "idle";
      this.#tidy();
      this.readOn();
    }
  }

  #pass(count: number): void {
    this.#lastCount = count;
    this.#hasRead = true;
    const isBehind = this.#peerBusy;
    if (this.#wide === this.#buffer.wide) {
      this.#buffer.note(count, this.#wide.bytes.length - this.#from);
    }
    this.#listener.received(this.#wide, this.#from, this.#from + count);
    // The peer was through meanwhile, and sends out of the memory that was to look ahead with.
    if (!isBehind && this.#peerBusy) this.#ahead = null;
  }

  /**
   * The system tells of a reset once, to the read or to the write, whichever comes first; the other sees no more than an end. Both come in the
   * same turn of the event loop, so that an end while something is sent waits for the next.
   */
  #endRead(how: StreamEnd): void {
    this.#read = "ended";
    this.#tidy();
    if (this.#closed) return;
    if (!this.busy || how !== "fin") return this.#listener.ended(how);
    const tell = () => {
      if (!this.#closed) this.#listener.ended(how);
    };
    setTimeout(this.#guard.bind(this, tell), 0);
  }

  #write(bytes: Uint8Array): void {
    this.#sending = bytes;
    const onWritten = this.#guard.bind(this, this.#endOfWrite);
    this.#connection.write(bytes).then(onWritten, onWritten);
  }

  #endOfWrite(count: unknown): void {
    if (typeof count !== "number") return this.#endSendFailed(count);
    this.sent += count;
    const isDone = this.#closed || count === this.#sending.length;
    if (!isDone) return this.#write(this.#sending.subarray(count));
    this.#endSend();
    if (!this.#closed) {
      if (this.#shutdownOwed) this.shutdown();
      this.#listener.writable();
    }
    this.#peer?.readOn();
  }

  /** A send that began meanwhile fails as well, and until then its bytes may still be read. */
  #onProbeFailed(error: unknown): void {
    this.#wasReset ||= isReset(error);
    if (!this.busy) this.#endSendFailed(error);
  }

  #endSendFailed(error: unknown): void {
    this.#out = "failed";
    this.#wasReset ||= isReset(error);
    this.#endSend();
    if (!this.#closed) this.#listener.sendFailed(this.#wasReset ? "reset" : "fin");
    this.#peer?.readOn();
  }

  #endSend(): void {
    this.busy = false;
    this.#sending = NOTHING;
    this.#peer?.peerDone();
  }

  /** Gives the buffer back once nobody uses it any more. */
  #tidy(): void {
    const isUsed = this.#read === "under way" || this.#read === "held" || this.#peerBusy;
    if (this.#freed || isUsed || !(this.#closed || this.#read === "ended")) return;
    this.#freed = true;
    this.#buffer.free();
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset;
}

/**
 * Our own framing on a connection, as a {@linkcode ClientSocket}: RFC 6455 with backpressure in both directions.
 *
 * Bytes are received only when somebody reads, into one buffer, and given out from there; so a client that sends faster
 * than its backend takes fills that buffer, then the kernel's, and then waits. While the reader is busy
 * {@linkcode ClientSocket.lookAhead} reads on as far as the reserve at the buffer's end reaches: a Ping, a Close or an end
 * of stream behind more unread data than that is seen only once the backend takes some; that the client is gone is found all the same.
 *
 * @module
 */
import type { Breather } from "../base/breather.ts";
import { discard } from "../base/discard.ts";
import { within } from "../base/within.ts";
import type { ClientEnd, ClientSocket, ClientSocketOptions } from "./client_socket.ts";
import { CloseCode } from "./close_code.ts";
import {
  closeFrame,
  controlFrames,
  type FrameObserver,
  Opcode,
  pingFrame,
  PONG_FRAME,
  writeHeader,
} from "./frame.ts";
import type { TcpAnswer } from "../sys/socket_diag.ts";
import { FrameParser } from "./frame_parser.ts";
import { Sender, type SendListener } from "./sender.ts";
import { type Buffers, ElasticBuffer } from "./elastic_buffer.ts";

/** How long the closing handshake may take, until the socket counts as closed. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * How long the connection of a client that has not ended it by then is still read from: it may be behind with what it was sent, and to close
 * on a client that sends is a reset, which drops what is on its way to it.
 */
const LINGER_MS = 15_000;

/** Kept free for looking ahead where the buffer is large enough: at most a quarter of it. */
const LOOK_AHEAD_BYTES = 64 * 1024;

/** So often in a row a client's system leaves ours without an answer when it can't be reached: for a second and more. */
const UNREACHABLE_TRIES = 3;

/** How often a client that can't be read is sent a Pong. */
const HEARTBEAT_MS = 5_000;

/** What the socket needs of a connection. `Deno.TcpConn`, `Deno.TlsConn` and `Deno.UnixConn` are one. */
export interface StreamConnection {
  read(buffer: Uint8Array): Promise<number | null>;
  write(buffer: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

/** A client's end over a connection whose request head has been read. */
export class StreamSocket implements ClientSocket, SendListener {
  readonly ended: Promise<ClientEnd>;
  heard = 0;
  /** It goes out behind all data, and then the client has its time to read. */
  readonly closeLost = false;

  readonly #connection: StreamConnection;
  readonly #sender: Sender;
  readonly #opcode: number;
  readonly #settleEnded: (end: ClientEnd) => void;

  readonly #breather: Breather;
  readonly #onFrame: FrameObserver | null;
  readonly #parser = new FrameParser();
  readonly #buffers: Buffers;
  /** Received into; its own once payload that was given out may be on its way in the first one for long. */
  #buffer: ElasticBuffer;
  readonly #firstBuffer: ElasticBuffer;
  /** Received bytes that the parser has not used yet: `[from..to)` of the buffer. */
  #from = 0;
  #to: number;
  /** The space for the next bytes while somebody reads and none are left over. */
  #space: Uint8Array<ArrayBuffer>;
  /** Up to where the payload at hand is with the reader. */
  #given = 0;
  #receiving = false;
  /** Bytes of the last read. */
  #lastCount = 0;
  /** Nothing more is parsed: the client has ended, or broke the protocol. */
  #receivedAll = false;
  #lost = false;
  /** We closed first: payload is thrown away, only the client's Close is waited for. */
  #discards = false;
  /** The reader that waits. */
  #reader: ((payload: Uint8Array | null) => void) | null = null;
  #closing: Promise<void> | null = null;
  #onReceivedAll: (() => void) | null = null;
  /** When a client that can't be read is sent a Pong, by `performance.now()`; null: it always could be. */
  #pongDueMs: number | null = null;
  /** Payload at hand as we closed: the reader gets it before its end. */
  #last: Uint8Array | null = null;
  /** Our Close is out, or can't be sent. */
  #closeSent = false;
  /** The end of the connection, where the client takes longer to it than the closing may. */
  #lingering: Promise<void> | null = null;

  readonly #ask: () => TcpAnswer;

  /**
   * What came behind the head is the first `leftover` bytes of the buffer, and `early` a read that may be under way behind them. `ask`
   * says what the system knows of the connection.
   */
  constructor(
    connection: StreamConnection,
    { frameType, onFrame }: Pick<ClientSocketOptions, "frameType" | "onFrame">,
    buffers: Buffers,
    breather: Breather,
    buffer: ElasticBuffer,
    leftover: number,
    early: Promise<number | null> | null,
    ask: () => TcpAnswer = () => null,
  ) {
    this.#ask = ask;
    const { promise, resolve } = Promise.withResolvers<ClientEnd>();
    this.ended = promise;
    this.#settleEnded = resolve;
    this.#connection = connection;
    this.#opcode = frameType === "text" ? Opcode.TEXT : Opcode.BINARY;
    this.#onFrame = this.#parser.onFrame = onFrame;
    this.#sender = new Sender(connection, this);
    this.#buffers = buffers;
    this.#breather = breather;
    this.#buffer = this.#firstBuffer = buffer;
    this.#to = leftover;
    this.#space = this.#spaceOf(buffer);
    this.#receiving = early !== null;
    early?.then(this.#onReceived, this.#onReceiveFailed);
    this.#parse();
  }

  read(): Promise<Uint8Array | null> {
    if (this.#discards) return Promise.resolve(this.#takeLast());
    const parser = this.#parser;
    // What was given out is dealt with; what came by looking ahead lies behind it.
    if (this.#given > parser.start) parser.start = this.#given;
    if (parser.start < parser.end) return Promise.resolve(this.#give());
    if (this.#receivedAll) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#reader = resolve;
      if (!this.#receiving) this.#receive();
    });
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<boolean> {
    const begin = writeHeader(buffer, start, end - start, this.#opcode);
    const sent = this.#sender.message(buffer.subarray(begin, end));
    return this.#onFrame === null ? sent : this.#tellSent(sent, end - start);
  }

  ping(): void {
    if (this.#closing !== null) return;
    this.#sender.ping(pingFrame(this.#sender.messageBytes));
  }

  get unreadBytes(): number {
    const sent = this.#sender.messageBytes;
    const { ponged } = this.#parser;
    // Of a number that we have never sent nothing is believed.
    return ponged <= sent ? sent - ponged : sent;
  }

  isUnreachable(forMs: number): boolean {
    const status = this.#ask();
    if (status === null || status === "gone") return false;
    return status.unanswered >= UNREACHABLE_TRIES && status.sinceAckMs >= forMs;
  }

  lookAhead(): boolean {
    const { bytes } = this.#buffer.wide;
    if (this.#receiving || this.#receivedAll || this.#closing !== null) return true;
    if (this.#to === bytes.length) {
      this.#probe();
      return false;
    }
    this.#receiveInto(bytes.subarray(this.#to));
    return true;
  }

  rest(): void {
    // Nothing is at hand while somebody waits, and the space behind what is left over is the pending read's.
    if (this.#reader !== null && this.#receiving) this.#buffer.rest(this.#to);
  }

  close(code: number, reason: string): Promise<void> {
    return this.#closing ??= this.#close(code, reason);
  }

  /**
   * What can't be read can't be seen to end. A write of nothing meets a reset; the end of stream of a client that is gone waits behind
   * what it had yet to send, and only bytes make its system say that nobody is there.
   */
  #probe(): void {
    const nowMs = performance.now();
    this.#pongDueMs ??= nowMs + HEARTBEAT_MS;
    if (nowMs < this.#pongDueMs) return void this.#sender.probe();
    this.#pongDueMs = nowMs + HEARTBEAT_MS;
    this.#sender.probe(PONG_FRAME);
  }

  /** A reader finds out of itself; here nobody may be reading. */
  sendFailed(error: unknown): void {
    this.#endLost(error);
  }

  controlsSent(frames: Uint8Array): void {
    if (this.#onFrame === null) return;
    for (const { opcode, bytes } of controlFrames(frames)) this.#onFrame("sent", opcode, bytes);
  }

  async #tellSent(sent: Promise<boolean>, bytes: number): Promise<boolean> {
    if (!await sent) return false;
    this.#onFrame!("sent", this.#opcode, bytes);
    return true;
  }

  #takeLast(): Uint8Array | null {
    const last = this.#last;
    this.#last = null;
    return last;
  }

  #give(): Uint8Array {
    const { start, end } = this.#parser;
    this.#given = end;
    return this.#buffer.wide.bytes.subarray(start, end);
  }

  /** Receives more, no payload being at hand. */
  #receive(): void {
    this.#parser.start = this.#parser.end = this.#given = 0;
    if (this.#discards && this.#buffer === this.#firstBuffer) this.#leaveBuffer();
    const left = this.#to - this.#from;
    if (this.#buffer.misfits) {
      this.#buffer.swap(this.#from, this.#to, 0);
      this.#space = this.#spaceOf(this.#buffer);
    } else if (left > 0 && this.#from > 0) {
      this.#buffer.wide.bytes.copyWithin(0, this.#from, this.#to);
    }
    this.#from = 0;
    this.#to = left;
    this.#receiveInto(left === 0 ? this.#space : this.#space.subarray(left));
  }

  /** Goes on in another buffer: payload that was given out may still be on its way to the backend. */
  #leaveBuffer(): void {
    const left = this.#buffer.wide.bytes.subarray(this.#from, this.#to);
    this.#buffer = new ElasticBuffer(this.#buffers);
    this.#buffer.wide.bytes.set(left);
    this.#to = left.length;
    this.#from = 0;
    this.#space = this.#spaceOf(this.#buffer);
  }

  /** The space for a reader's bytes, with a reserve for looking ahead behind it. */
  #spaceOf({ wide: { bytes } }: ElasticBuffer): Uint8Array<ArrayBuffer> {
    return bytes.subarray(0, bytes.length - Math.min(LOOK_AHEAD_BYTES, bytes.length >> 2));
  }

  #receiveInto(space: Uint8Array): void {
    this.#receiving = true;
    const pause = this.#breather.after(this.#lastCount);
    const received = pause === null
      ? this.#connection.read(space)
      : pause.then(() => this.#connection.read(space));
    received.then(this.#onReceived, this.#onReceiveFailed);
  }

  #onReceived = (count: number | null): void => {
    this.#receiving = false;
    if (count === null) return this.#onReceiveFailed(null);
    this.heard++;
    this.#lastCount = count;
    this.#buffer.note(count, this.#space.length - this.#to);
    this.#to += count;
    this.#parse();
    this.#deliver();
  };

  #onReceiveFailed = (error: unknown): void => {
    this.#receiving = false;
    this.#lost = true;
    this.#endLost(error);
    this.#receivedAll = true;
    this.#deliver();
  };

  #parse(): void {
    const parser = this.#parser;
    this.#from = parser.parse(this.#buffer.wide, this.#from, this.#to);
    const pongs = parser.takePongs();
    if (pongs !== null && this.#closing === null) this.#sender.pongs(pongs);
    if (parser.ended === null) return;
    this.#receivedAll = true;
    this.#settleEnded(parser.ended);
    if (parser.ended.kind !== "close") this.close(parser.ended.code, parser.ended.reason);
  }

  /** Gives what came to who waits for it, or goes on receiving for them. */
  #deliver(): void {
    if (this.#discards) {
      if (this.#receivedAll) this.#onReceivedAll?.();
      else this.#receive();
      return;
    }
    if (this.#reader === null) return;
    if (this.#parser.start < this.#parser.end) this.#answer(this.#give());
    else if (this.#receivedAll) this.#answer(null);
    else this.#receive();
  }

  #answer(payload: Uint8Array | null): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.(payload);
  }

  #endLost(error: unknown): void {
    const reason = error instanceof Error ? error.message : "";
    this.#settleEnded({ kind: "lost", code: CloseCode.ABNORMAL, reason });
  }

  async #close(code: number, reason: string): Promise<void> {
    this.#settleEnded({ kind: "ended", code, reason });
    const received = this.#receivedAll ? Promise.resolve() : this.#receiveClose();
    // Over a lost connection nothing can be said.
    const goodbye = this.#lost || code === CloseCode.ABNORMAL
      ? Promise.resolve()
      : this.#sayGoodbye(code, reason, received);
    const over = Promise.all([goodbye, received]);
    if (!await within(goodbye, CLOSE_TIMEOUT_MS) && this.#closeSent) {
      this.#lingering = this.#linger(over);
      return;
    }
    this.#connection.close();
    await over;
  }

  /** Ends our direction and goes on reading what the client still sends, for a while. */
  async #linger(over: Promise<unknown>): Promise<void> {
    await this.#connection.closeWrite().catch(() => {});
    await within(over, LINGER_MS);
    this.#connection.close();
    await over;
  }

  release(): void {
    if (this.#lingering !== null) this.#lingering.then(() => this.#freeBuffers());
    else this.#freeBuffers();
  }

  /** Both, once nothing is read any more: a read that is under way goes on in the first, the next one in another. */
  #freeBuffers(): void {
    if (this.#buffer !== this.#firstBuffer) this.#buffer.free();
    this.#firstBuffer.free();
  }

  /** RFC 6455 section 7: sends our Close, sees the client's, and ends the connection first, as a server does. */
  async #sayGoodbye(code: number, reason: string, received: Promise<void>): Promise<void> {
    const theirs = this.#parser.ended;
    const echoes = theirs !== null && theirs.kind === "close";
    const frame = echoes ? closeFrame(theirs.code, "") : closeFrame(code, reason);
    await this.#sender.close(frame);
    this.#closeSent = true;
    await received;
    if (this.#lost) return;
    try {
      await this.#connection.closeWrite();
      // A close with unread bytes would be a reset, and could overtake our Close on its way.
      await discard(this.#connection, this.#breather);
    } catch {
      // It is gone already.
    }
  }

  /** Receives until the client's Close or the connection's end; tells who reads that there is no more. */
  #receiveClose(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onReceivedAll = resolve;
    const { start, end } = this.#parser;
    const from = Math.max(start, this.#given);
    if (from < end) this.#last = this.#buffer.wide.bytes.subarray(from, end);
    this.#discards = true;
    this.#answer(null);
    if (!this.#receiving) this.#receive();
    return promise;
  }
}

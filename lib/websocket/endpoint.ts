/**
 * One end of a WebSocket over a transport, as a {@linkcode ClientEnd}: RFC 6455 in the role of a server or of a client. A state machine
 * without I/O: bytes and events in, payload out to its listener and bytes to its transport.
 *
 * Its closing (section 7), from the top; it skips what has happened already:
 *
 * | state | what it waits for | then |
 * |---|---|---|
 * | `open` | `close()` | a Close goes behind what waits |
 * | `closing` | our Close being out, and the peer's Close or its end | our direction ends (`shutdown`) |
 * | `shut` | the peer's end of stream, so that no reset overtakes our Close | the connection is closed |
 * | `closed` | | |
 *
 * @module
 */
import { type Outbox, sendBehind } from "../base/outbox.ts";
import type { PeerStatus, StreamEnd, Transport } from "../base/transport.ts";
import type { ClientEnd, ClientFinish, ClientListener } from "./client_end.ts";
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
import { FrameParser, MAX_LEFTOVER_BYTES, type Role } from "./frame_parser.ts";
import { maskedControls, writeMaskedHeader } from "./masked_frame.ts";
import type { WideBytes } from "./wide_bytes.ts";

export interface EndpointOptions {
  readonly role: Role;
  /** The type of the frames sent. */
  readonly frameType: "text" | "binary";
  /** Whether payload that comes behind our Close counts, until the peer's own (section 5.5.1 forbids it to nobody but us). @default {false} */
  readonly hearsOut?: boolean;
  /** Null unless each frame is logged. */
  readonly onFrame: FrameObserver | null;
}

/** What another end of the same connection goes on with. */
export interface EndpointStanding {
  /** Bytes of messages sent, and of those the number that the last Pong brought back. */
  readonly messageBytes: number;
  readonly ponged: number;
  /** What it is to receive first. */
  readonly unread: Uint8Array<ArrayBuffer>;
}

const NOTHING = new Uint8Array(0);

export class Endpoint implements ClientEnd {
  heard = 0;
  /** Our Close goes out behind all data, and then the client has its time to read. */
  readonly closeLost = false;
  readonly pings = true;

  #state: "open" | "closing" | "shut" | "closed" = "open";
  readonly #transport: Transport;
  /** What the transport has not taken yet. */
  #waiting: Outbox | null = null;
  readonly #listener: ClientListener;
  readonly #parser: FrameParser;
  readonly #masks: boolean;
  readonly #opcode: number;
  readonly #onFrame: FrameObserver | null;
  readonly #hearsOut: boolean;
  /** A frame short of its last bytes: they lie in front of what comes next. */
  #leftover: Uint8Array<ArrayBuffer> = NOTHING;
  /** Control frames that wait for a frame under way: of Pongs only the latest (section 5.5.3). */
  #pongs: Uint8Array<ArrayBuffer> | null = null;
  #pingOwed = false;
  /** Bytes of messages sent, their headers among them. */
  #messageBytes = 0;
  #close: Uint8Array<ArrayBuffer> | null = null;
  /** Nothing more comes: a Close, a breach, or the end of the stream. */
  #finished = false;
  /** The stream itself has ended. */
  #eof = false;
  /** Nothing more can be sent. */
  #refused = false;
  /** Our Close has been taken. */
  #closeTaken = false;
  /** Frames taken that are not out, where each is logged once it is. */
  #unsaid: [opcode: number, bytes: number][] | null = null;

  constructor(transport: Transport, listener: ClientListener, options: EndpointOptions) {
    this.#transport = transport;
    this.#listener = listener;
    this.#parser = new FrameParser(options.role);
    this.#masks = options.role === "client";
    this.#opcode = options.frameType === "text" ? Opcode.TEXT : Opcode.BINARY;
    this.#onFrame = this.#parser.onFrame = options.onFrame;
    this.#hearsOut = options.hearsOut === true;
  }

  /** How it stands, for another end to go on in its place; null: something of it is under way that none would know of. */
  standing(): EndpointStanding | null {
    const isOpen = this.#state === "open" && !this.#finished && !this.#refused;
    const owesNothing = this.#pongs === null && !this.#pingOwed && this.#unsaid === null;
    const header = isOpen && owesNothing && this.drained ? this.#parser.underWay() : null;
    // One that is told of would be so twice.
    if (header === null || (header.length > 0 && this.#onFrame !== null)) return null;
    const unread = header.length === 0 ? this.#leftover : joined(header, this.#leftover);
    return { messageBytes: this.#messageBytes, ponged: this.#parser.ponged, unread };
  }

  /** Goes on where another has stopped, before anything is received. */
  goOn({ messageBytes, ponged }: Omit<EndpointStanding, "unread">): void {
    this.#messageBytes = messageBytes;
    this.#parser.ponged = ponged;
  }

  /**
   * Takes the bytes received in `[from..to)`; in front of `from` are {@linkcode MAX_LEFTOVER_BYTES} free. Valid during the call.
   */
  received(wide: WideBytes, from: number, to: number): void {
    this.heard++;
    if (this.#finished) return;
    const parser = this.#parser;
    const start = from - this.#leftover.length;
    if (start < from) wide.bytes.set(this.#leftover, start);
    parser.start = parser.end = 0;
    const used = parser.parse(wide, start, to);
    this.#leftover = used < to ? wide.bytes.slice(used, to) : NOTHING;
    this.#answerPings();
    const counts = this.#state === "open" || (this.#state === "closing" && this.#hearsOut);
    if (parser.start < parser.end && counts) {
      this.#listener.clientPayload(wide, parser.start, parser.end);
    }
    if (parser.ended !== null) this.#finish(parser.ended);
  }

  receiveAt(): number {
    return MAX_LEFTOVER_BYTES;
  }

  get frames(): number {
    return this.#parser.frames;
  }

  /** The peer's stream has ended. */
  ended(how: StreamEnd): void {
    this.#eof = true;
    if (how === "reset") this.#refuse();
    this.#finish({ kind: "lost", code: CloseCode.ABNORMAL, reason: how });
    if (how === "reset" && this.#state === "open") this.#listener.clientRefused();
    this.#proceed();
  }

  /** There is room to send more, or what was taken is out. */
  writable(): void {
    if (this.#waiting?.flush() === false) return;
    this.#waiting = null;
    this.#log();
    this.#sendControls();
    this.#proceed();
    if (this.drained && this.#state === "open") this.#listener.clientDrained();
  }

  /** A send has failed: nothing more goes out, something may still come. */
  sendFailed(): void {
    this.#refuse();
    this.#listener.clientRefused();
    this.#proceed();
  }

  get unreadBytes(): number {
    const { ponged } = this.#parser;
    // Of a number that we have never sent nothing is believed.
    return ponged <= this.#messageBytes ? this.#messageBytes - ponged : this.#messageBytes;
  }

  get sent(): number {
    return this.#transport.sent;
  }

  get handed(): number {
    return this.#transport.sent + this.#transport.pending + this.held;
  }

  arrived(): number {
    return this.#transport.arrived();
  }

  askPeer(): PeerStatus | null {
    return this.#transport.askPeer();
  }

  /** Bytes that wait for the transport. */
  get held(): number {
    return this.#waiting?.size ?? 0;
  }

  get drained(): boolean {
    return this.#waiting === null && !this.#transport.busy;
  }

  send(wide: WideBytes, start: number, end: number): boolean {
    if (this.#refused || this.#state !== "open") return true;
    const begin = this.#masks
      ? writeMaskedHeader(wide, start, end - start, this.#opcode)
      : writeHeader(wide.bytes, start, end - start, this.#opcode);
    this.#messageBytes += end - begin;
    this.#waiting = sendBehind(this.#waiting, this.#transport, wide.bytes, begin, end);
    if (this.#onFrame !== null) this.#note(this.#opcode, end - start);
    return this.#waiting === null;
  }

  get closeSent(): boolean {
    return this.#closeTaken && this.drained;
  }

  ping(): void {
    if (this.#state !== "open") return;
    this.#pingOwed = true;
    this.#sendControls();
  }

  pauseReading(): void {
    this.#transport.pauseReading();
  }

  resumeReading(): void {
    this.#transport.resumeReading();
  }

  probe(how: "quietly" | "pong"): void {
    if (this.#state !== "open" || !this.drained) return;
    if (how === "quietly") return this.#transport.probe();
    this.#pongs = PONG_FRAME;
    this.#sendControls();
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#parser.takesAnyCode = this.#hearsOut;
    if (code === CloseCode.ABNORMAL || this.#refused) return this.cut();
    // Their reason is not told back to them.
    this.#close = closeFrame(code, this.#parser.ended?.kind === "close" ? "" : reason);
    this.#transport.resumeReading();
    this.#sendControls();
    this.#proceed();
  }

  shutdown(): void {
    if (this.#state !== "closing") return;
    this.#state = "shut";
    this.#transport.shutdown();
  }

  cut(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#drop();
    this.#transport.close();
    this.#listener.clientClosed();
  }

  #answerPings(): void {
    const pongs = this.#parser.takePongs();
    if (pongs === null || this.#state !== "open") return;
    this.#pongs = pongs;
    this.#sendControls();
  }

  /** Those that wait go out between two messages, the Close behind all others. */
  #sendControls(): void {
    while (this.drained && !this.#refused && !this.#closeTaken) {
      const frames = this.#nextControls();
      if (frames === null) return;
      this.#closeTaken = (frames[0]! & 0x0f) === Opcode.CLOSE;
      const sent = this.#masks ? maskedControls(frames) : frames;
      this.#waiting = sendBehind(this.#waiting, this.#transport, sent, 0, sent.length);
      if (this.#onFrame === null) continue;
      for (const { opcode, bytes } of controlFrames(frames)) this.#note(opcode, bytes);
    }
  }

  /** Those that go out together: one, or all the Pongs that were owed. */
  #nextControls(): Uint8Array<ArrayBuffer> | null {
    const pongs = this.#pongs;
    this.#pongs = null;
    if (pongs !== null) return pongs;
    if (this.#pingOwed) {
      this.#pingOwed = false;
      return pingFrame(this.#messageBytes);
    }
    const close = this.#close;
    this.#close = null;
    return close;
  }

  #finish(finish: ClientFinish): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#listener.clientFinished(finish);
    this.#proceed();
  }

  #refuse(): void {
    this.#refused = true;
    this.#drop();
  }

  #drop(): void {
    this.#waiting?.free();
    this.#waiting = null;
  }

  /** Goes on with the closing as far as what has happened allows. */
  #proceed(): void {
    if (this.#state === "closing" && this.closeSent && this.#finished) this.shutdown();
    const isThrough = this.#state === "shut" && this.#eof;
    // Who has ended its own stream may still read: what waits is for it.
    if (isThrough || (this.#state === "closing" && this.#refused)) this.cut();
  }

  /** A frame has been taken: logs it once it is out. */
  #note(opcode: number, bytes: number): void {
    this.#unsaid ??= [];
    this.#unsaid.push([opcode, bytes]);
    this.#log();
  }

  #log(): void {
    if (this.#unsaid === null || !this.drained) return;
    for (const [opcode, bytes] of this.#unsaid) this.#onFrame?.("sent", opcode, bytes);
    this.#unsaid = null;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

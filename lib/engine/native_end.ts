/**
 * The runtime's `WebSocket` as a client's end.
 *
 * What it can't do, measured: pause a client, so what waits for the backend is capped and past the cap the tunnel ends with 1009; send a
 * Close on a protocol error; time out a closing handshake; say when what it sends has been taken, so that a full send queue is looked at by a
 * timer; send a Ping when asked, so that its own `idleTimeout` stands in; and at the first message behind our Close it drops
 * the connection with all that it holds, the Close too where that has not gone out.
 *
 * @module
 */
import { shorten } from "../base/shorten.ts";
import { within } from "../base/within.ts";
import type { ClientEnd, ClientFinish, ClientListener } from "../websocket/client_end.ts";
import { CloseCode } from "../websocket/close_code.ts";
import { type FrameObserver, MAX_CONTROL_BYTES, Opcode } from "../websocket/frame.ts";
import { type WideBytes, wideBytes } from "../websocket/wide_bytes.ts";
import { createSentFrames } from "./sent_frames.ts";

/** Above this many bytes not yet sent nothing more is read from the backend. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** While over the high-water mark the queue is looked at this often, backing off. */
const FIRST_LOOK_MS = 1;
const LONGEST_LOOK_MS = 16;

/** More messages than this in that time leave the runtime no turn in which it would write. */
const FLOOD_MESSAGES = 2_000;

/** How long a client may take to answer our Close. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A client that has sent nothing for so long gets its Close at once, one that never rests after the longer time: what it was sent has arrived by then. */
const QUIET_MS = 50;
const LONGEST_QUIET_WAIT_MS = 1_000;

export interface NativeEndOptions {
  readonly frameType: "text" | "binary";
  readonly maxBufferBytes: number;
  /** Null unless each frame is logged. */
  readonly onFrame: FrameObserver | null;
  /** Bytes in front of a payload that the tunnel needs. */
  readonly headroom: number;
  /** Bytes that wait for the backend. */
  readonly held: () => number;
  /** Told of what was thrown: the runtime keeps to itself what its WebSocket's listeners throw. */
  readonly onThrown: (error: unknown) => void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The end of a client whose WebSocket is open. */
export class NativeEnd implements ClientEnd {
  heard = 0;
  closeLost = false;
  readonly pings = false;
  /** The runtime doesn't tell. */
  readonly sent = 0;
  readonly handed = 0;
  readonly unreadBytes = 0;
  readonly #socket: WebSocket;
  readonly #listener: ClientListener;
  readonly #options: NativeEndOptions;
  readonly #sent: ReturnType<typeof createSentFrames> | null;
  readonly #gone = Promise.withResolvers<void>();
  #state: "open" | "closing" | "closed" = "open";
  #finished: ClientFinish["kind"] | null = null;
  #heardAtMs = -Infinity;
  #failure = "";
  #looking = false;
  /** What a client that never rests gets at its next message. */
  #atMessage: (() => void) | null = null;

  constructor(socket: WebSocket, listener: ClientListener, options: NativeEndOptions) {
    this.#socket = socket;
    this.#listener = listener;
    this.#options = options;
    this.#sent = options.onFrame === null ? null : createSentFrames(socket, options.onFrame);
    socket.addEventListener("message", (event) => this.#guard(() => this.#onMessage(event)));
    socket.addEventListener("error", (event) => {
      this.#failure = event instanceof ErrorEvent ? event.message : "";
    });
    socket.addEventListener("close", (event) => this.#guard(() => this.#onClose(event)));
  }

  get drained(): boolean {
    return this.#socket.bufferedAmount <= HIGH_WATER_BYTES;
  }

  get closeSent(): boolean {
    return this.#state !== "open";
  }

  send({ bytes }: WideBytes, start: number, end: number): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#state !== "open") return true;
    const payload = bytes.subarray(start, end);
    const isText = this.#options.frameType === "text";
    try {
      // send() copies, so the buffer is free at once.
      this.#socket.send(isText ? decoder.decode(payload) : payload);
    } catch {
      return true;
    }
    this.#sent?.add(isText ? Opcode.TEXT : Opcode.BINARY, payload.length);
    if (this.drained) return true;
    void this.#lookForRoom();
    return false;
  }

  /** The runtime sends Pings of its own. */
  ping(): void {}
  /** The runtime fetches the next message whether or not the last was dealt with. */
  pauseReading(): void {}
  resumeReading(): void {}
  arrived(): number {
    return this.sent;
  }
  /** It is the runtime that watches, by its Pings. */
  askPeer(): null {
    return null;
  }
  /** The runtime reads all the time, and so sees the client's end. */
  probe(): void {}
  /** The runtime alone ends a connection. */
  shutdown(): void {}

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    void this.#runClosingHandshake(code, reason);
  }

  cut(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#listener.clientClosed();
  }

  async #runClosingHandshake(code: number, reason: string): Promise<void> {
    const socket = this.#socket;
    const gone = within(this.#gone.promise, CLOSE_TIMEOUT_MS);
    const sendClose = () => {
      this.#atMessage = null;
      if (socket.readyState !== WebSocket.OPEN) return;
      // The runtime can't end a connection without a Close.
      socket.close(code === CloseCode.ABNORMAL ? CloseCode.INTERNAL_ERROR : code, reason);
    };
    // A client that sends too much gets its Close at once, not when it rests.
    const isPatient = this.#finished !== "overflow";
    if (isPatient && socket.bufferedAmount > 0) await this.#queueBelow(1, CLOSE_TIMEOUT_MS);
    const heardBefore = this.heard;
    const isQuiet = !isPatient || this.#heardAtMs + QUIET_MS < performance.now() ||
      await this.#quiet();
    // Measured: of those who never rest, who sends without a pause gets it more often now, all others with their next message.
    if (isQuiet || this.heard - heardBefore > FLOOD_MESSAGES) sendClose();
    else this.#atMessage = sendClose;
    await gone;
    sendClose();
  }

  #guard(deal: () => void): void {
    try {
      deal();
    } catch (error) {
      this.#options.onThrown(error);
    }
  }

  #onMessage({ data }: MessageEvent<ArrayBuffer | string>): void {
    this.heard++;
    this.#heardAtMs = performance.now();
    this.#atMessage?.();
    const isText = typeof data === "string";
    const payload = isText ? encoder.encode(data) : new Uint8Array(data);
    const { length } = payload;
    this.#options.onFrame?.("received", isText ? Opcode.TEXT : Opcode.BINARY, length);
    if (this.#finished !== null || this.#state !== "open" || length === 0) return giveBack(payload);
    const { maxBufferBytes } = this.#options;
    if (this.#options.held() + length <= maxBufferBytes) return this.#pass(payload);
    giveBack(payload);
    const reason = length > maxBufferBytes
      ? `a message over max-buffer, which is ${maxBufferBytes} bytes`
      : `the backend is slower than the client: over ${maxBufferBytes} bytes wait`;
    this.#finish({ kind: "overflow", code: CloseCode.TOO_BIG, reason });
  }

  #pass(payload: Uint8Array<ArrayBuffer>): void {
    const { held, headroom } = this.#options;
    const before = held();
    const whole = headroom === 0 ? payload : new Uint8Array(headroom + payload.length);
    if (headroom > 0) whole.set(payload, headroom);
    this.#listener.clientPayload(wideBytes(whole), headroom, whole.length);
    // All of it was copied.
    if (held() - before === payload.length) giveBack(whole);
  }

  #onClose(event: CloseEvent): void {
    // A Close, ours or the answer to theirs, went out behind every message. Without a code it may be the runtime's own end.
    this.#sent?.end(event.wasClean && event.code !== CloseCode.NO_STATUS);
    this.closeLost = this.#finished === null && this.#state === "closing" && !event.wasClean;
    this.#gone.resolve();
    this.#finish(toFinish(event, this.#failure));
    this.cut();
  }

  #finish(finish: ClientFinish): void {
    if (this.#finished !== null) return;
    this.#finished = finish.kind;
    this.#listener.clientFinished(finish);
  }

  async #lookForRoom(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await this.#queueBelow(HIGH_WATER_BYTES + 1);
    this.#looking = false;
    if (this.#state === "open") this.#guard(() => this.#listener.clientDrained());
  }

  /** Waits until no message has come for a moment; false: they never ceased, for a second. */
  async #quiet(): Promise<boolean> {
    const deadlineMs = performance.now() + LONGEST_QUIET_WAIT_MS;
    while (this.#socket.readyState === WebSocket.OPEN) {
      const nowMs = performance.now();
      const restMs = this.#heardAtMs + QUIET_MS - nowMs;
      if (restMs <= 0) return true;
      if (nowMs >= deadlineMs) return false;
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    return true;
  }

  /**
   * Waits until fewer bytes than `mark` wait to be sent, at most so long. The API tells nobody when its queue drains, so this looks, more
   * and more rarely.
   */
  async #queueBelow(mark: number, mostMs = Infinity): Promise<void> {
    const socket = this.#socket;
    const deadlineMs = performance.now() + mostMs;
    let lookMs = FIRST_LOOK_MS;
    while (socket.bufferedAmount >= mark && socket.readyState === WebSocket.OPEN) {
      if (performance.now() >= deadlineMs) return;
      await new Promise((resolve) => setTimeout(resolve, lookMs));
      lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS);
    }
  }
}

/** What the `close` event says: the runtime itself ends with an unclean 1001 when its Pings stay unanswered. */
function toFinish(event: CloseEvent, failure: string): ClientFinish {
  const { code } = event;
  if (event.wasClean) return { kind: "close", code, reason: shortened(event.reason) };
  if (code === CloseCode.GOING_AWAY) {
    return { kind: "silent", code: CloseCode.GOING_AWAY, reason: "no answer to Pings" };
  }
  return { kind: "lost", code: CloseCode.ABNORMAL, reason: shortened(failure) };
}

/** The runtime takes a Close of any length, and both are a peer's words. */
function shortened(reason: string): string {
  return shorten(reason, MAX_CONTROL_BYTES);
}

/** Frees memory at once: the collector, where the machine has plenty, lets hundreds of megabytes pile up. */
function giveBack(chunk: Uint8Array<ArrayBuffer>): void {
  chunk.buffer.transfer(0);
}

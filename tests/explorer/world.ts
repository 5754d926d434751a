/**
 * A tunnel's machine between two transports that a test plays: whatever order things happen in, the test says so and looks at what
 * the machine did.
 */
import assert from "node:assert/strict";
import type { StreamEnd, Transport } from "../../lib/base/transport.ts";
import type { Encoding } from "../../lib/tunnel/encoder.ts";
import { Tunnel } from "../../lib/tunnel/tunnel.ts";
import { Endpoint } from "../../lib/websocket/endpoint.ts";
import { closeFrame, Opcode } from "../../lib/websocket/frame.ts";
import { MAX_LEFTOVER_BYTES, type Role } from "../../lib/websocket/frame_parser.ts";
import { maskedControls, writeMaskedHeader } from "../../lib/websocket/masked_frame.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { takeFrames } from "./frames.ts";

export interface WorldOptions {
  readonly role: Role;
  readonly encoding: Encoding;
  readonly tcpFinPropagate: boolean;
  /**
   * How the transports send: at once, as far as there is room (`sync`), or all of it, which is out only once the driver says so
   * (`async`).
   */
  readonly style: "sync" | "async";
  /** @default 0, no limit */
  readonly idleTimeoutMs?: number;
  /** @default 0, no limit */
  readonly maxLifetimeMs?: number;
}

/** A side's transport. What it takes it keeps, and it refuses to be used wrongly. */
class Side implements Transport {
  sent = 0;
  room = Infinity;
  paused = false;
  isShut = false;
  isClosed = false;
  /** It was closed with some of what it had taken. */
  isStuck = false;
  /** Taken, and by the async style not out yet. */
  #pending: Uint8Array | null = null;
  readonly taken: number[] = [];
  readonly #style: WorldOptions["style"];

  constructor(style: WorldOptions["style"]) {
    this.#style = style;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  get pending(): number {
    return this.#pending?.length ?? 0;
  }

  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    assert.ok(start <= end, "a range");
    if (start === end) return 0;
    assert.ok(!this.isShut, "nothing is sent behind the end of the stream");
    assert.ok(!this.isClosed, "nothing is sent on a closed connection");
    if (this.#style === "async") {
      if (this.#pending !== null) return 0;
      this.#pending = bytes.subarray(start, end);
      return end - start;
    }
    const count = Math.min(this.room, end - start);
    this.room -= count;
    this.sent += count;
    this.taken.push(...bytes.subarray(start, start + count));
    return count;
  }

  /** What was taken is out; it must not have been overwritten meanwhile. */
  complete(): boolean {
    if (this.#pending === null) return false;
    this.taken.push(...this.#pending);
    this.sent += this.#pending.length;
    this.#pending = null;
    return true;
  }

  /** What was taken is lost. */
  fail(): void {
    this.#pending = null;
  }

  pauseReading(): void {
    this.paused = true;
  }

  resumeReading(): void {
    this.paused = false;
  }

  probe(): void {
    assert.ok(!this.isClosed, "nobody asks for a closed connection");
  }

  arrived(): number {
    return this.sent;
  }

  askPeer(): null {
    return null;
  }

  shutdown(): void {
    assert.ok(!this.isClosed && !this.isShut, "ends its direction once");
    this.isShut = true;
  }

  close(): void {
    assert.ok(!this.isClosed, "closes once");
    this.isClosed = true;
    this.isStuck = this.busy;
    this.#pending = null;
  }
}

/** What can happen next, by its name. */
export const EVENTS = [
  "client data",
  "client close",
  "client breach",
  "client fin",
  "client reset",
  "client refuses",
  "client full",
  "client room",
  "backend data",
  "backend fin",
  "backend reset",
  "backend refuses",
  "backend full",
  "backend room",
  "shutdown",
  "time",
] as const;
export type Event = (typeof EVENTS)[number];

const STEP_MS = 6_000;

/** So few that two words of the client's are enough to make it wait. */
const HIGH_WATER_BYTES = 4;

/** A word of the client's, and of the backend's; of text and of base64 they are whole, two words of either go behind one another. */
const UP = { binary: "up!", text: "hü?", base64: "YWJj" } as const;
const DOWN = { binary: "down", text: "dö!", base64: "xyz" } as const;

export class World {
  readonly client: Side;
  readonly backend: Side;
  readonly tunnel: Tunnel;
  readonly #endpoint: Endpoint;
  readonly #options: WorldOptions;
  #nowMs = 0;
  #movedAtMs = 0;
  #mayHaveMovedAtMs = 0;
  /** What each side has sent, as the other one is to get it. */
  upGiven = "";
  downGiven = "";
  /** What the client had sent when the end was asked for. */
  upGivenAtAsk: string | null = null;
  #clientOver: "" | "close" | "fin" | "reset" = "";
  #backendOver: "" | StreamEnd = "";
  clientRefuses = false;
  backendRefuses = false;
  overs = 0;
  releases = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.client = new Side(options.style);
    this.backend = new Side(options.style);
    this.tunnel = new Tunnel(this.backend, {
      encoding: options.encoding,
      pingIntervalMs: 0,
      readTimeoutMs: 0,
      writeTimeoutMs: 0,
      idleTimeoutMs: options.idleTimeoutMs ?? 0,
      maxLifetimeMs: options.maxLifetimeMs ?? 0,
      tcpFinPropagate: options.tcpFinPropagate,
      highWaterBytes: HIGH_WATER_BYTES,
      backendLingerMs: 2_000,
      now: () => this.#nowMs,
      listener: {
        tunnelOver: () => this.overs++,
        tunnelReleased: () => this.releases++,
      },
    });
    this.#endpoint = new Endpoint(this.client, this.tunnel, {
      role: options.role,
      frameType: options.encoding === "binary" ? "binary" : "text",
      onFrame: null,
    });
    this.tunnel.begin(this.#endpoint);
  }

  /** Whether an event can happen now; then `play()` makes it happen. */
  can(event: Event): boolean {
    const clientOpen = !this.client.isClosed;
    const backendOpen = !this.backend.isClosed;
    switch (event) {
      case "client data":
        return clientOpen && this.#clientOver === "" && !this.client.paused;
      case "client close":
      case "client breach":
        return clientOpen && this.#clientOver === "" && !this.client.paused;
      case "client fin":
      case "client reset":
        return clientOpen && (this.#clientOver === "" || this.#clientOver === "close") &&
          (event === "client reset" || !this.client.paused);
      case "client refuses":
        return clientOpen && !this.clientRefuses;
      case "client full":
        return clientOpen && this.#options.style === "sync" && this.client.room > 1;
      case "client room":
        return clientOpen && !this.clientRefuses &&
          (this.#options.style === "sync" ? this.client.room < Infinity : this.client.busy);
      case "backend data":
      case "backend fin":
        return backendOpen && this.#backendOver === "" && !this.backend.paused;
      case "backend reset":
        return backendOpen && this.#backendOver === "";
      case "backend refuses":
        return backendOpen && !this.backendRefuses;
      case "backend full":
        return backendOpen && this.#options.style === "sync" && this.backend.room > 1;
      case "backend room":
        return backendOpen && !this.backendRefuses &&
          (this.#options.style === "sync" ? this.backend.room < Infinity : this.backend.busy);
      case "shutdown":
      case "time":
        return true;
    }
  }

  play(event: Event): void {
    this.#note(event);
    this.#play(event);
    this.checkTimes();
    this.#checkWaiting();
  }

  /** Who waits does so for something. */
  #checkWaiting(): void {
    const { tunnel, client, backend } = this;
    if (client.paused && !client.isClosed) {
      assert.ok(tunnel.upWaits && !tunnel.ending, "a client waits for its backend, or is heard");
    }
    if (backend.paused && !backend.isClosed) {
      assert.ok(tunnel.downWaits && !tunnel.ending, "a backend waits for its client, or is heard");
    }
  }

  #play(event: Event): void {
    const { tunnel } = this;
    switch (event) {
      case "client data":
        return this.#clientSends(this.#dataFrame());
      case "client close":
        this.#clientOver = "close";
        return this.#clientSends(this.#control(closeFrame(4321, "bye")));
      case "client breach":
        this.#clientOver = "close";
        return this.#clientSends(Uint8Array.of(0x8b, 0x80, 0, 0, 0, 0));
      case "client fin":
        this.#clientOver = "fin";
        return this.#endpoint.ended("fin");
      case "client reset":
        this.#clientOver = "reset";
        this.client.fail();
        return this.#endpoint.ended("reset");
      case "client refuses":
        this.clientRefuses = true;
        this.client.fail();
        return this.#endpoint.sendFailed();
      case "client full":
        this.client.room = 1;
        return;
      case "client room":
        this.client.room = Infinity;
        this.client.complete();
        return this.#endpoint.writable();
      case "backend data":
        return this.#backendSends();
      case "backend fin":
      case "backend reset":
        this.#backendOver = event === "backend fin" ? "fin" : "reset";
        return tunnel.backendEnded(this.#backendOver);
      case "backend refuses":
        this.backendRefuses = true;
        this.backend.fail();
        return tunnel.backendRefused("fin");
      case "backend full":
        this.backend.room = 1;
        return;
      case "backend room":
        this.backend.room = Infinity;
        this.backend.complete();
        return tunnel.backendWritable();
      case "shutdown":
        this.upGivenAtAsk ??= this.upGiven;
        return tunnel.end("shutdown");
      case "time":
        this.#nowMs += STEP_MS;
        return tunnel.tick(this.#nowMs);
    }
  }

  /** Lets time pass until everything is over; gives how long that took. */
  finish(): number {
    const fromMs = this.#nowMs;
    for (let steps = 0; !this.tunnel.released && steps < 12; steps++) this.play("time");
    if (!this.tunnel.released) this.play("shutdown");
    const askedMs = this.#nowMs;
    for (let steps = 0; !this.tunnel.released && steps < 12; steps++) this.play("time");
    return this.#nowMs - (askedMs > fromMs ? askedMs : fromMs);
  }

  /** What has come out at each side so far. */
  get up(): string {
    return decoder.decode(Uint8Array.from(this.backend.taken));
  }

  get down(): { readonly text: string; readonly closes: number[] } {
    return takeFrames(this.client.taken, this.#options);
  }

  /** What is sent to who takes no more is no byte that goes its way; where there is room again, bytes may move or not. */
  #note(event: Event): void {
    if (this.tunnel.ending || !/data|room/.test(event)) return;
    this.#mayHaveMovedAtMs = this.#nowMs;
    const isTaken = event === "backend data" || (event === "client data" && !this.backendRefuses);
    if (isTaken) this.#movedAtMs = this.#nowMs;
  }

  /** A tunnel ends for the time alone when that has come, not before, and not much later. */
  checkTimes(): void {
    const { idleTimeoutMs = 0, maxLifetimeMs = 0 } = this.#options;
    const cause = this.tunnel.over?.cause;
    const idleMs = this.#nowMs - this.#movedAtMs;
    const stillMs = this.#nowMs - this.#mayHaveMovedAtMs;
    if (cause === "tunnel-idle") assert.ok(idleMs >= idleTimeoutMs, `idle for ${idleMs} ms`);
    if (cause === "tunnel-expired") assert.ok(this.#nowMs >= maxLifetimeMs, "it has lasted");
    if (this.tunnel.ending || this.tunnel.over !== null) return;
    if (maxLifetimeMs > 0) assert.ok(this.#nowMs < maxLifetimeMs, "longer than it may");
    // The first look only sees that something has moved.
    const mostMs = idleTimeoutMs + 2 * STEP_MS;
    if (idleTimeoutMs > 0) assert.ok(stillMs < mostMs, `still open after ${stillMs} ms`);
  }

  /** Whether a side still takes what it is sent. */
  takes(side: "client" | "backend"): boolean {
    const refuses = side === "client" ? this.clientRefuses : this.backendRefuses;
    const over = side === "client" ? this.#clientOver === "reset" : this.#backendOver !== "";
    return !refuses && !over && this[side].room === Infinity && !this[side].busy &&
      !this[side].isStuck;
  }

  get nothingOwned(): boolean {
    return this.#endpoint.drained;
  }

  #clientSends(bytes: Uint8Array): void {
    const wide = wideBytes(new Uint8Array(256));
    wide.bytes.set(bytes, MAX_LEFTOVER_BYTES);
    this.#endpoint.received(wide, MAX_LEFTOVER_BYTES, MAX_LEFTOVER_BYTES + bytes.length);
    // A driver receives into the same buffer again once nothing that lies there is being sent.
    if (!this.backend.busy) wide.bytes.fill(0xee);
  }

  #dataFrame(): Uint8Array {
    const { encoding, role } = this.#options;
    const word = UP[encoding];
    this.upGiven += encoding === "base64" ? "abc" : word;
    const payload = encoder.encode(word);
    const opcode = encoding === "binary" ? Opcode.BINARY : Opcode.TEXT;
    if (role === "client") return Uint8Array.of(0x80 | opcode, payload.length, ...payload);
    const wide = wideBytes(new Uint8Array(64));
    wide.bytes.set(payload, 16);
    const begin = writeMaskedHeader(wide, 16, payload.length, opcode);
    return wide.bytes.slice(begin, 16 + payload.length);
  }

  #control(frame: Uint8Array): Uint8Array {
    return this.#options.role === "server" ? maskedControls(frame) : frame;
  }

  #backendSends(): void {
    const { encoding } = this.#options;
    const word = DOWN[encoding];
    this.downGiven += word;
    const wide = wideBytes(new Uint8Array(256));
    const at = this.tunnel.receiveAt(256);
    const { written } = encoder.encodeInto(word, wide.bytes.subarray(at));
    this.tunnel.backendBytes(wide, at, at + written);
    if (!this.client.busy) wide.bytes.fill(0xee);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

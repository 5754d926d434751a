/**
 * What a peer sends, taken apart: RFC 6455 section 5 as a server must read a client, or a client a server.
 *
 * Pure and incremental. It works in the buffer that the bytes were received into, unmasks payload in place and closes the gaps that
 * headers leave, so that many small frames become one run of payload for one write. It allocates nothing for a data
 * frame.
 *
 * A frame longer than 2^53 - 1 bytes is legal but refused (1009): its length can't be counted exactly.
 *
 * @module
 */

import { CloseCode, isWireCode } from "./close_code.ts";
import {
  FIN,
  type FrameObserver,
  LENGTH_16,
  MAX_CONTROL_BYTES,
  Opcode,
  PING_BYTES,
} from "./frame.ts";
import { turnKey, unmask } from "./mask.ts";
import { maskedHeader } from "./masked_frame.ts";
import { completePrefix, Utf8Checker } from "./utf8.ts";
import { type WideBytes, wideBytes } from "./wide_bytes.ts";

/** No more than this is left over by {@linkcode FrameParser.parse}: a control frame short of its last byte. */
export const MAX_LEFTOVER_BYTES = 6 + MAX_CONTROL_BYTES - 1;

/** A copy of bytes received, with the room in front that what is left over needs. */
export function behindRoom(bytes: Uint8Array): WideBytes {
  const whole = new Uint8Array(MAX_LEFTOVER_BYTES + bytes.length);
  whole.set(bytes, MAX_LEFTOVER_BYTES);
  return wideBytes(whole);
}

/** Room for Pongs that are owed: eight of the longest. */
const PONG_ROOM_BYTES = 8 * (2 + MAX_CONTROL_BYTES);

/** Why nothing that follows is read. */
export interface FrameEnd {
  /** A Close frame, a breach of RFC 6455 (1002, 1007), or a frame whose length can't be counted (1009). */
  readonly kind: "close" | "protocol" | "overflow";
  /** The code received (1005: none), or the code to close with. */
  readonly code: number;
  readonly reason: string;
}

const NOTHING = new Uint8Array(0);

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Which end of the connection we are: a client masks its frames, a server doesn't (section 5.1). */
export type Role = "server" | "client";

/** Reads one peer's frames. */
export class FrameParser {
  /**
   * The payload at hand is `[start..end)` of the buffer. The caller raises `start` as it is dealt with, or sets both when it moves it.
   */
  start = 0;
  end = 0;
  /** Set once; payload that came before is still at hand. */
  ended: FrameEnd | null = null;
  /** The number that the last Pong brought back, whatever the client made of it. */
  ponged = 0;
  /** Whether a Close is one whatever code it has, as what answers ours: lighttpd's mod_wstunnel writes 1000 there as text. */
  takesAnyCode = false;
  onFrame: FrameObserver | null = null;
  /** How many frames of data have begun, and how many control frames have come. */
  frames = 0;

  /** Payload bytes of the current data frame that are to come. */
  #left = 0;
  #key = 0;
  #fin = false;
  /** The opcode of the message under way; CONTINUATION: there is none. */
  #message: number = Opcode.CONTINUATION;
  #text: Utf8Checker | null = null;
  #pongs: Uint8Array<ArrayBuffer> | null = null;
  #pongsEnd = 0;
  /** What the mask bit of every frame must be. */
  readonly #maskBit: number;

  constructor(role: Role = "server") {
    this.#maskBit = role === "server" ? 0x80 : 0;
  }

  /**
   * Reads the received bytes `[from..to)`, where `from >= end`: adds their payload to the payload at hand, or where
   * there is none lets it stay where it is. Gives the index of the first byte it could not use yet; the next call begins with it.
   */
  parse(wide: WideBytes, from: number, to: number): number {
    let at = from;
    while (at < to && this.ended === null) {
      const next = this.#left > 0
        ? this.#takePayload(wide, at, to)
        : this.#takeHeader(wide, at, to);
      if (next < 0) break;
      at = next;
    }
    return this.ended === null ? at : to;
  }

  /**
   * The Pong frames that are owed, ready to send, or null. Where more Pings came than there is room for, only the later ones are
   * answered, as section 5.5.3 allows.
   */
  takePongs(): Uint8Array<ArrayBuffer> | null {
    const pongs = this.#pongs?.subarray(0, this.#pongsEnd) ?? null;
    this.#pongs = null;
    this.#pongsEnd = 0;
    return pongs;
  }

  /**
   * What another server's parser reads first to go on as this one would: the header of the frame under way, said anew for the rest of it, or of the message. Null: nothing
   * does, since what has come ends in the midst of a character, or for good.
   */
  underWay(): Uint8Array<ArrayBuffer> | null {
    const isSayable = this.ended === null && this.#pongs === null && this.#maskBit !== 0;
    if (!isSayable || this.#text?.whole === false) return null;
    if (this.#left > 0) {
      return maskedHeader(this.#fin ? FIN | this.#message : this.#message, this.#left, this.#key);
    }
    return this.#message === Opcode.CONTINUATION ? NOTHING : maskedHeader(this.#message, 0, 0);
  }

  #takePayload(wide: WideBytes, at: number, to: number): number {
    const length = Math.min(this.#left, to - at);
    if (this.start === this.end) this.start = this.end = at;
    const target = this.end;
    unmask(wide, target, at, length, this.#key);
    this.end = target + length;
    if (this.#message === Opcode.TEXT) {
      this.#text ??= new Utf8Checker();
      const bad = this.#text.check(wide, target, this.end);
      if (bad >= 0) {
        this.end = bad;
        return this.#fail(CloseCode.INVALID_PAYLOAD, "text is not UTF-8");
      }
    }
    this.#left -= length;
    if (this.#left > 0) this.#key = turnKey(this.#key, length);
    else this.#endFrame();
    return at + length;
  }

  #endFrame(): void {
    if (!this.#fin) return;
    if (this.#message === Opcode.TEXT && this.#text?.whole === false) {
      this.#fail(CloseCode.INVALID_PAYLOAD, "text ends inside a character");
    }
    this.#message = Opcode.CONTINUATION;
  }

  /** Reads a header, with a control frame its payload; gives where it ends, or -1: more bytes are needed, or it is wrong. */
  #takeHeader(wide: WideBytes, at: number, to: number): number {
    const { bytes, view } = wide;
    const first = bytes[at]!;
    if (!this.#checkFirst(first)) return -1;
    if (at + 1 >= to) return -1;
    const second = bytes[at + 1]!;
    const control = (first & 0x08) !== 0;
    if (!this.#checkSecond(first, second)) return -1;
    let length = second & 0x7f;
    let next = at + 2;
    if (length >= LENGTH_16) {
      next += length === LENGTH_16 ? 2 : 8;
      length = length === LENGTH_16
        ? this.#readLength16(bytes, at + 2, to)
        : this.#readLength64(wide, at + 2, to);
      if (length < 0) return -1;
    }
    let key = 0;
    if (this.#maskBit !== 0) {
      // RFC 6455 section 5.3: the key follows the length.
      if (next + 4 > to) return -1;
      key = view.getInt32(next, true);
      next += 4;
    }
    if (control) return this.#takeControl(wide, first & 0x0f, next, length, key, to);
    this.onFrame?.("received", first & 0x0f, length);
    this.frames++;
    this.#key = key;
    this.#left = length;
    this.#fin = (first & FIN) !== 0;
    if ((first & 0x0f) !== Opcode.CONTINUATION) this.#message = first & 0x0f;
    if (length === 0) this.#endFrame();
    return next;
  }

  /** Sections 5.2 (reserved bits and opcodes), 5.4 (fragments) and 5.5 (control frames are not fragmented). */
  #checkFirst(first: number): boolean {
    if ((first & 0x70) !== 0) return this.#breach("a reserved bit is set");
    const opcode = first & 0x0f;
    if (opcode === Opcode.CONTINUATION) {
      return this.#message !== Opcode.CONTINUATION || this.#breach("a continuation of no message");
    }
    if (opcode <= Opcode.BINARY) {
      return this.#message === Opcode.CONTINUATION || this.#breach("a message inside a message");
    }
    if (opcode < Opcode.CLOSE || opcode > Opcode.PONG) {
      return this.#breach(`reserved opcode ${opcode}`);
    }
    return (first & FIN) !== 0 || this.#breach("a fragmented control frame");
  }

  /** Sections 5.1 (clients mask, servers don't), 5.5 (length of control frames) and 5.5.1 (a Close has a code of two bytes or nothing). */
  #checkSecond(first: number, second: number): boolean {
    if ((second & 0x80) !== this.#maskBit) {
      return this.#breach(this.#maskBit === 0 ? "a masked frame" : "an unmasked frame");
    }
    if ((first & 0x08) === 0) return true;
    const length = second & 0x7f;
    if (length > MAX_CONTROL_BYTES) return this.#breach("a control frame over 125 bytes");
    if (length === 1 && (first & 0x0f) === Opcode.CLOSE) {
      return this.#breach("a Close frame with one byte");
    }
    return true;
  }

  /** Section 5.2: the shortest encoding must be used. */
  #readLength16(bytes: Uint8Array, at: number, to: number): number {
    if (at + 2 > to) return -1;
    const length = bytes[at]! << 8 | bytes[at + 1]!;
    return length >= LENGTH_16 ? length : this.#notMinimal();
  }

  /** Section 5.2, as early as the bytes tell: the top bit is zero, and the shortest encoding must be used. */
  #readLength64({ bytes, view }: WideBytes, at: number, to: number): number {
    if (at >= to) return -1;
    if (bytes[at]! >= 0x80) {
      return this.#fail(CloseCode.PROTOCOL_ERROR, "a length with its top bit set");
    }
    if (bytes[at] !== 0 || (at + 1 < to && bytes[at + 1]! >= 0x20)) {
      return this.#fail(CloseCode.TOO_BIG, "a frame over 2^53 - 1 bytes");
    }
    if (at + 6 > to) return -1;
    if (view.getUint32(at) === 0 && view.getUint16(at + 4) === 0) return this.#notMinimal();
    if (at + 8 > to) return -1;
    return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
  }

  #notMinimal(): number {
    return this.#fail(CloseCode.PROTOCOL_ERROR, "a length that is not minimal");
  }

  /** Deals with a control frame once all of it is here; gives where it ends, or -1. */
  #takeControl(
    wide: WideBytes,
    opcode: number,
    at: number,
    length: number,
    key: number,
    to: number,
  ): number {
    const end = at + length;
    if (end > to) return -1;
    this.frames++;
    this.onFrame?.("received", opcode, length);
    unmask(wide, at, at, length, key);
    if (opcode === Opcode.PONG) this.#takePong(wide, at, length);
    else if (opcode === Opcode.PING) this.#owePong(wide.bytes, at, end);
    else this.#takeClose(wide, at, end);
    return end;
  }

  /** A Pong of another length was not asked for, which section 5.5.3 allows. */
  #takePong({ view }: WideBytes, at: number, length: number): void {
    if (length === PING_BYTES) this.ponged = Number(view.getBigUint64(at));
  }

  /** Section 5.5.3: a Pong carries the payload of its Ping. */
  #owePong(bytes: Uint8Array, start: number, end: number): void {
    this.#pongs ??= new Uint8Array(PONG_ROOM_BYTES);
    if (this.#pongsEnd + 2 + end - start > PONG_ROOM_BYTES) this.#pongsEnd = 0;
    this.#pongs[this.#pongsEnd] = FIN | Opcode.PONG;
    this.#pongs[this.#pongsEnd + 1] = end - start;
    this.#pongs.set(bytes.subarray(start, end), this.#pongsEnd + 2);
    this.#pongsEnd += 2 + end - start;
  }

  /** Section 5.5.1. */
  #takeClose(wide: WideBytes, start: number, end: number): void {
    if (start === end) {
      this.ended = { kind: "close", code: CloseCode.NO_STATUS, reason: "" };
      return;
    }
    const code = wide.view.getUint16(start);
    const prefix = completePrefix(wide, start + 2, end);
    if (!isWireCode(code) && this.takesAnyCode) {
      this.ended = { kind: "close", code: CloseCode.NO_STATUS, reason: "" };
    } else if (!isWireCode(code)) {
      this.#breach(`close code ${code}`);
    } else if (prefix.end < end) {
      this.#fail(CloseCode.INVALID_PAYLOAD, "a close reason that is not UTF-8");
    } else {
      const reason = decoder.decode(wide.bytes.subarray(start + 2, end));
      this.ended = { kind: "close", code, reason };
    }
  }

  #breach(reason: string): false {
    this.#fail(CloseCode.PROTOCOL_ERROR, reason);
    return false;
  }

  #fail(code: number, reason: string): -1 {
    const kind = code === CloseCode.TOO_BIG ? "overflow" : "protocol";
    this.ended = { kind, code, reason };
    return -1;
  }
}

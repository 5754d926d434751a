/**
 * Frames as a client sends them, right or wrong.
 *
 * @module
 */
import { concat as concatAll } from "./connection.ts";

/** What a client may get wrong. */
export interface ClientFrameOptions {
  /** @default {true} */
  readonly fin?: boolean;
  /** The three reserved bits, 0x40, 0x20, 0x10. @default {0} */
  readonly reserved?: number;
  /** @default {[0x37, 0xfa, 0x21, 0x3d]}, as in RFC 6455 section 5.7; null: unmasked. */
  readonly mask?: readonly number[] | null;
  /** Bytes of the extended length. @default {the fewest} */
  readonly lengthBytes?: 0 | 2 | 8;
  /** The length to announce. @default {that of the payload} */
  readonly length?: bigint;
}

export const KEY = [0x37, 0xfa, 0x21, 0x3d] as const;

/** Text becomes UTF-8, numbers become bytes. */
export function toBytes(payload: string | ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : Uint8Array.from(payload);
}

/** Makes a frame byte by byte. */
export function clientFrame(
  opcode: number,
  payload: string | ArrayLike<number> = "",
  options: ClientFrameOptions = {},
): Uint8Array<ArrayBuffer> {
  const data = toBytes(payload);
  const length = options.length ?? BigInt(data.length);
  const lengthBytes = options.lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
  const mask = options.mask === undefined ? KEY : options.mask;
  const masked = mask === null ? 0 : 0x80;
  const frame = [
    (options.fin === false ? 0 : 0x80) | (options.reserved ?? 0) | opcode,
    masked | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127),
  ];
  for (let shift = (lengthBytes - 1) * 8; shift >= 0; shift -= 8) {
    frame.push(Number(length >> BigInt(shift) & 0xffn));
  }
  frame.push(...(mask ?? []));
  const bytes = new Uint8Array(frame.length + data.length);
  bytes.set(frame);
  for (let i = 0; i < data.length; i++) {
    bytes[frame.length + i] = data[i]! ^ (mask === null ? 0 : mask[i % 4]!);
  }
  return bytes;
}

/** Joins pieces to one array. */
export function concat(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatAll(pieces);
}

/** The far end of a connection as a WebSocket client: what it sends goes into frames, what it gets comes out of them. */
import { closePayload, frame, Opcode } from "../support/raw_client.ts";
import { type FarEnd, until } from "../support/connection_pair.ts";

/** What a server's frames hold; the last one may be cut off. */
export interface Unframed {
  /** The payload of all data frames put together. */
  readonly bytes: Uint8Array;
  readonly close: { readonly code: number; readonly reason: string } | null;
}

/** A client that speaks as it is told. Its {@linkcode FarEnd.finish} is a Close with 1000 and the end of its stream. */
export interface FramedEnd extends FarEnd {
  /** Sends a frame as it is. */
  sendRaw(bytes: Uint8Array): Promise<void>;
}

export function framedEnd(far: FarEnd, opcode: number): FramedEnd {
  const take = async (length: number, read: (length: number) => Promise<Uint8Array>) => {
    let raw = await read(1);
    for (let wanted = 1; unframe(raw).bytes.length < length;) {
      wanted = raw.length + 1;
      raw = await read(wanted);
      if (raw.length < wanted) break;
    }
    return unframe(raw).bytes;
  };
  return {
    ...far,
    send: (bytes) => far.send(frame(opcode, bytes)),
    sendRaw: far.send,
    receive: (length) => take(length, far.receive),
    async rest() {
      const { bytes, by } = await far.rest();
      return { bytes: unframe(bytes).bytes, by };
    },
    finish() {
      far.send(frame(Opcode.CLOSE, closePayload(1000)));
      far.finish();
    },
  };
}

export function unframe(raw: Uint8Array): Unframed {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const parts: Uint8Array[] = [];
  let close: Unframed["close"] = null;
  for (let at = 0; at + 2 <= raw.length;) {
    const short = raw[at + 1]! & 127;
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (start > raw.length) break;
    const length = short < 126
      ? short
      : short === 126
      ? view.getUint16(at + 2)
      : Number(view.getBigUint64(at + 2));
    const payload = raw.subarray(start, start + length);
    if ((raw[at]! & 15) < 8) parts.push(payload);
    else if (raw[at] === 0x88 && payload.length === length) {
      const reason = new TextDecoder().decode(payload.subarray(2));
      close = { code: length === 0 ? 1005 : view.getUint16(start), reason };
    }
    at = start + length;
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, close };
}

export { until };

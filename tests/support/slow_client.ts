/** A client that reads at its own pace, and answers a Ping once it has come to it. */
import { closeQuietly, concat } from "./connection.ts";
import { frame, Opcode, type RawClient } from "./raw_client.ts";

const STEP_MS = 50;

export interface Read {
  readonly bytes: number;
  readonly pings: number;
  /** The code of the Close that came; null: none did. */
  readonly code: number | null;
}

/**
 * Reads so many bytes a second until a Close comes, the connection ends, or `enough` says so of the bytes read. Nothing may
 * have been sent to it before.
 */
export async function readSlowly(
  { connection }: RawClient,
  bytesPerSecond: number,
  enough: (bytes: number) => boolean,
): Promise<Read> {
  const step = new Uint8Array(Math.ceil(bytesPerSecond * STEP_MS / 1000));
  const frames = createFrames();
  let bytes = 0;
  let pings = 0;
  const began = performance.now();
  while (!enough(bytes)) {
    const dueMs = bytes / bytesPerSecond * 1000 - (performance.now() - began);
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    const count = await connection.read(step).catch(() => null);
    if (count === null) break;
    bytes += count;
    for (const { opcode, payload } of frames.take(step.subarray(0, count))) {
      if (opcode === Opcode.CLOSE) return { bytes, pings, code: payload[0]! << 8 | payload[1]! };
      if (opcode !== Opcode.PING) continue;
      pings++;
      const pong = frame(Opcode.PONG, payload);
      if (await connection.write(pong).catch(() => 0) < pong.length) closeQuietly(connection);
    }
  }
  return { bytes, pings, code: null };
}

/** Takes a server's frames apart as they come, and gives the control frames. */
function createFrames() {
  let header: Uint8Array = new Uint8Array(0);
  let left = 0;
  return {
    *take(bytes: Uint8Array): Generator<{ opcode: number; payload: Uint8Array }> {
      let at = 0;
      while (at < bytes.length) {
        const skipped = Math.min(left, bytes.length - at);
        left -= skipped;
        at += skipped;
        if (left > 0 || at === bytes.length) return;
        const known = header.length;
        header = concat([header, bytes.subarray(at)]);
        const short = header[1] ?? 0;
        const isControl = (header[0]! & 8) !== 0;
        const length = short < 126 ? 2 : short === 126 ? 4 : 10;
        const wanted = isControl ? length + short : length;
        if (header.length < 2 || header.length < wanted) return;
        const view = new DataView(header.buffer, header.byteOffset);
        if (isControl) yield { opcode: header[0]! & 15, payload: header.slice(2, wanted) };
        else {left = short < 126
            ? short
            : short === 126
            ? view.getUint16(2)
            : Number(view.getBigUint64(2));}
        at += wanted - known;
        header = new Uint8Array(0);
      }
    },
  };
}

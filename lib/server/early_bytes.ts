/**
 * What a client sends between its request and the answer to it: a few frames at most, and the end of one that doesn't
 * wait. The system holds what is more.
 *
 * @module
 */
import type { ElasticBuffer } from "../websocket/elastic_buffer.ts";

/** As much is read before the answer, whatever the size of the buffer. */
const EARLY_BYTES = 4 * 1024;

/** How often a client that has sent so much is probed: what isn't read can't be seen to end. */
const PROBE_MS = 500;

const NOTHING = new Uint8Array(0);

/** Bytes that have come, at the front of the buffer. */
export interface EarlyBytes {
  readonly length: number;
  /** The read that is still under way, behind them. */
  readonly pending: Promise<number | null> | null;
}

/**
 * Reads on behind the first `length` bytes of the buffer and calls `onGone` when the client goes away. Gives what stops it: from
 * then on bytes and buffer are the caller's.
 */
export function readEarly(
  connection: Pick<Deno.Conn, "read" | "write">,
  { wide: { bytes } }: ElasticBuffer,
  length: number,
  onGone: () => void,
): () => EarlyBytes {
  const limit = Math.min(bytes.length, EARLY_BYTES);
  let pending: Promise<number | null> | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  let stopped = false;

  const lose = () => {
    if (!stopped) onGone();
  };
  // A write of nothing puts no byte on the wire and is refused on a connection that was reset.
  const probe = () => void connection.write(NOTHING).catch(lose);
  const readOn = () => {
    if (length >= limit) return void (timer = setInterval(probe, PROBE_MS));
    pending = connection.read(bytes.subarray(length, limit));
    pending.then(onRead, lose);
  };
  const onRead = (count: number | null) => {
    if (stopped) return;
    // The end stays pending: whoever goes on sees it.
    if (count === null) return onGone();
    pending = null;
    length += count;
    readOn();
  };
  readOn();
  return () => {
    stopped = true;
    clearInterval(timer);
    return { length, pending };
  };
}

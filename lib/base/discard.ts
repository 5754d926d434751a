/**
 * Reading what nobody looks at, so that a close does not become a reset.
 *
 * @module
 */
import type { Breather } from "./breather.ts";

/** Receives it; everybody shares it. */
const DISCARDED = new Uint8Array(16 * 1024);

/** Reads to the end of the stream; rejects as a read does. */
export async function discard(
  source: { read(buffer: Uint8Array): Promise<number | null> },
  breather: Breather,
  onRead: () => void = () => {},
): Promise<void> {
  for (let count; (count = await source.read(DISCARDED)) !== null;) {
    onRead();
    await breather.after(count);
  }
}

/**
 * Pages that show folders, which are held whole until they are sent. A page may have ten megabytes, and a client that reads slowly
 * holds it for as long as it likes: so they are made one after the other, and together they are bounded.
 *
 * @module
 */
import type { FileReading } from "./file_reading.ts";

/** No page is made where those that are being sent have so many bytes. A usual one has some ten thousand. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** How many may wait for theirs to be made: what has been asked for is made, also for who has left since. */
const MAX_WAITING = 200;

let heldBytes = 0;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** Makes a page in its turn; null where `make` gives none. Rejects as `make` does. */
export async function holdPage(
  make: () => Promise<string | null>,
): Promise<FileReading | "too many" | null> {
  if (waiting >= MAX_WAITING) return "too many";
  waiting++;
  const made = last.then(async () => {
    if (heldBytes >= MAX_HELD_BYTES) return "too many";
    const text = await make();
    return text === null ? null : hold(encoder.encode(text));
  });
  last = made.catch(() => {});
  try {
    return await made;
  } finally {
    waiting--;
  }
}

function hold(bytes: Uint8Array<ArrayBuffer>): FileReading {
  heldBytes += bytes.length;
  let at = 0;
  return {
    get left() {
      return bytes.length - at;
    },
    read(into) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
    close: () => void (heldBytes -= bytes.length),
  };
}

const encoder = new TextEncoder();

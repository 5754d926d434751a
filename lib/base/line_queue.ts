/**
 * Lines on their way to a stream that may be read slowly or not at all: who writes them never waits.
 *
 * A log by synchronous writes stops the whole program as soon as nobody empties the pipe it goes to, and any client can
 * fill that by being refused.
 *
 * @module
 */

/** Characters that may wait; beyond that lines are dropped and counted. */
const MAX_QUEUED_CHARACTERS = 1024 * 1024;

export interface LineQueue {
  /** Takes a line, its newline included; never waits and never throws. */
  push(line: string): void;
  /** Resolves when nothing waits any more, or nobody reads. Never rejects. */
  flushed(): Promise<void>;
}

/** `dropped` makes the line that tells how many were dropped, once there is room again. */
export function createLineQueue(
  stream: { write(bytes: Uint8Array): Promise<number> },
  dropped: (count: number) => string,
): LineQueue {
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let characters = 0;
  let lost = 0;
  let writing: Promise<void> | null = null;

  const take = (): Uint8Array => {
    if (lost > 0) waiting.push(dropped(lost));
    const bytes = encoder.encode(waiting.join(""));
    waiting = [];
    characters = lost = 0;
    return bytes;
  };
  const writeAll = async () => {
    while (waiting.length > 0) {
      const bytes = take();
      try {
        for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
      } catch {
        // The reader is gone (EPIPE) or its disk is full: the program goes on without a log.
      }
    }
    writing = null;
  };

  return {
    push(line) {
      if (characters > 0 && characters + line.length > MAX_QUEUED_CHARACTERS) {
        lost++;
        return;
      }
      waiting.push(line);
      characters += line.length;
      writing ??= writeAll();
    },
    flushed: () => writing ?? Promise.resolve(),
  };
}

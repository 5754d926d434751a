/**
 * Lines on their way to a stream that may be read slowly or not at all, or to a disk that may be slow or full: who writes them never waits.
 *
 * A log by synchronous writes stops the whole program as soon as nobody empties the pipe it goes to, and any client can
 * fill that by being refused. To a disk one costs 1 us a line as long as that is well, and all of the time that it is not; here a line
 * alone costs 40 us of a thread that nobody waits for, and lines that come meanwhile are one write, a hundred of them 0.5 us each.
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

export interface LineQueueOptions {
  /** Makes the line that tells how many were dropped, once there is room again; `reason`: what the last write failed with, null where they came faster than they were taken. */
  readonly dropped: (count: number, reason: string | null) => string;
  /** Lines are dropped, for such a reason, from now on or still. */
  readonly failed?: (reason: string | null) => void;
  /** So many more are dropped. */
  readonly onDropped?: (count: number) => void;
}

/** A batch of lines, and what it tells of those before it. */
interface Batch {
  readonly bytes: Uint8Array;
  /** How many were dropped before, and where the line that says so ends. */
  readonly told: number;
  readonly toldEnd: number;
}

export function createLineQueue(
  stream: { write(bytes: Uint8Array): Promise<number> },
  { dropped, failed, onDropped }: LineQueueOptions,
): LineQueue {
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let characters = 0;
  let lost = 0;
  let reason: string | null = null;
  /** The last write broke off within a line. */
  let isTorn = false;
  let writing: Promise<void> | null = null;

  const take = (): Batch => {
    const told = lost;
    const notice = told > 0 ? [dropped(told, reason)] : [];
    // What a write failed with came before these, what there was no room for behind them.
    const lines = reason === null ? [...waiting, ...notice] : [...notice, ...waiting];
    const tear = isTorn ? "\n" : "";
    const bytes = encoder.encode(tear + lines.join(""));
    const toldEnd = reason === null ? bytes.length : encoder.encode(tear + notice.join("")).length;
    waiting = [];
    characters = lost = 0;
    return { bytes, told, toldEnd };
  };
  const fail = ({ bytes, told, toldEnd }: Batch, at: number, error: unknown) => {
    reason = error instanceof Error ? error.message : String(error);
    if (at > 0) isTorn = bytes[at - 1] !== LF;
    // A line that lacks its end alone gets it from what is written next, and so does one that broke off before.
    const from = isTorn && bytes[at] === LF ? at + 1 : at;
    // A line that says how many is none of them, and what it was to tell is yet to be told.
    const untold = told > 0 && from < toldEnd;
    const more = countEnds(bytes, from) - (untold ? 1 : 0);
    lost += more + (untold ? told : 0);
    onDropped?.(more);
    failed?.(reason);
  };
  const writeAll = async () => {
    while (waiting.length > 0) {
      const batch = take();
      const { bytes } = batch;
      let at = 0;
      try {
        while (at < bytes.length) at += await stream.write(bytes.subarray(at));
        reason = null;
        isTorn = false;
      } catch (error) {
        // The reader is gone (EPIPE) or its disk is full: the program goes on without a log.
        fail(batch, at, error);
      }
    }
    writing = null;
  };

  return {
    push(line) {
      if (characters > 0 && characters + line.length > MAX_QUEUED_CHARACTERS) {
        if (lost === 0) failed?.(null);
        lost++;
        onDropped?.(1);
        return;
      }
      waiting.push(line);
      characters += line.length;
      writing ??= writeAll();
    },
    flushed: () => writing ?? Promise.resolve(),
  };
}

const LF = 0x0a;

function countEnds(bytes: Uint8Array, from: number): number {
  let count = 0;
  for (let at = from; at < bytes.length; at++) if (bytes[at] === LF) count++;
  return count;
}

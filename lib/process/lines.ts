/**
 * A program's output, line by line, at a pace that leaves everybody else their turn.
 *
 * What a program has written is there at once, and a read of it is done in the same turn of the runtime: one that writes without a pause
 * would keep us reading and shut all others out (`yes` writes gigabytes a second). So after each piece the reader rests. A program that
 * writes faster than that, some 12 MiB a second, all of them together, waits at its pipe.
 *
 * @module
 */

/** Longer lines are split: a program can't make us hold more. */
export const MAX_LINE_BYTES = 4096;

/** What is read between two rests: what a pipe holds, or as much as comes in so many reads. */
const PIECE_BYTES = 64 * 1024;
const PIECE_READS = 16;

/** The rest after a piece, for each reader that rests: a piece takes 0.1 to 0.3 ms of work, so that all of them take a few percent. */
const REST_MS = 5;

/** So much of the end of a piece whose lines are not wanted is still cut into lines. */
const LAST_BYTES = 1024;

/** Where lines go. */
export interface LineSink {
  /** A line without its end, LF or CRLF; bytes that are not UTF-8 have become U+FFFD. */
  line(text: string): void;
  /** Whether each line is wanted. When not, those but the last of what has come are no more than counted. */
  wantsAll(): boolean;
  /** How many lines have not been given. */
  skipped(count: number): void;
}

/** Reads lines from a stream until it ends. */
export interface LineReader {
  /** Resolves at the end of the stream. Never rejects. */
  readonly done: Promise<void>;
  /** Stops reading a stream that somebody holds open; resolves when it has. */
  cancel(): Promise<void>;
}

/** Gives each line to the sink, from when `begin` resolves on. */
export function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  sink: LineSink,
  begin: Promise<void> = Promise.resolve(),
): LineReader {
  const reader = stream.getReader({ mode: "byob" });
  const splitter = createLineSplitter(sink);
  const pump = async () => {
    await begin;
    // Most programs print little: the buffer of a whole piece comes with the first that is full.
    let buffer = new Uint8Array(MAX_LINE_BYTES);
    let reads = 0;
    let readBytes = 0;
    try {
      while (true) {
        const { value, done } = await reader.read(buffer);
        if (done || value === undefined) break;
        splitter.push(value);
        reads++;
        readBytes += value.length;
        const isSmall = value.length === value.buffer.byteLength && value.length < PIECE_BYTES;
        buffer = new Uint8Array(isSmall ? new ArrayBuffer(PIECE_BYTES) : value.buffer);
        if (readBytes < PIECE_BYTES && reads < PIECE_READS) continue;
        reads = readBytes = 0;
        await rest();
      }
    } catch {
      // A pipe that breaks has ended.
    }
    splitter.end();
  };
  const done = pump();
  return {
    done,
    async cancel() {
      await reader.cancel().catch(() => {});
      await done;
    },
  };
}

/** Readers that rest just now. */
let resting = 0;

async function rest(): Promise<void> {
  resting++;
  await new Promise((resolve) => setTimeout(resolve, REST_MS * resting));
  resting--;
}

/** Cuts bytes into lines of at most {@linkcode MAX_LINE_BYTES}, whatever pieces they come in. */
export function createLineSplitter(sink: LineSink) {
  const decoder = new TextDecoder();
  const held = new Uint8Array(MAX_LINE_BYTES);
  let heldBytes = 0;

  const flush = () => {
    const line = decoder.decode(held.subarray(0, heldBytes));
    heldBytes = 0;
    sink.line(line.endsWith("\r") ? line.slice(0, -1) : line);
  };
  /** Passes over what isn't wanted, up to the end of a line; gives where the rest begins. */
  const skip = (bytes: Uint8Array, from: number): number => {
    const end = bytes.lastIndexOf(LF, bytes.length - LAST_BYTES) + 1;
    if (end <= from) return from;
    sink.skipped(countLines(bytes, from, end));
    heldBytes = 0;
    return end;
  };

  return {
    push(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length;) {
        if (bytes.length - at > LAST_BYTES && !sink.wantsAll()) at = skip(bytes, at);
        const newline = bytes.indexOf(LF, at);
        const end = newline < 0 ? bytes.length : newline;
        const taken = Math.min(end - at, held.length - heldBytes);
        held.set(bytes.subarray(at, at + taken), heldBytes);
        heldBytes += taken;
        at += taken;
        if (at === newline) {
          flush();
          at++;
        } else if (heldBytes === held.length) flush();
      }
    },
    /** The last line may lack its newline. */
    end() {
      if (heldBytes > 0) flush();
    },
  };
}

/** By a loop: a search for each would cost more where lines are short. */
function countLines(bytes: Uint8Array, from: number, end: number): number {
  let count = 0;
  for (let at = from; at < end; at++) if (bytes[at] === LF) count++;
  return count;
}

const LF = 0x0a;

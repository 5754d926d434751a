/**
 * A program's output, line by line.
 *
 * @module
 */

/** Longer lines are split: a program can't make us hold more. */
export const MAX_LINE_BYTES = 4096;

/** Reads lines from a stream until it ends. */
export interface LineReader {
  /** Resolves at the end of the stream. Never rejects. */
  readonly done: Promise<void>;
  /** Stops reading a stream that somebody holds open. */
  cancel(): Promise<void>;
}

/** Gives each line to `onLine` without its end (LF or CRLF); bytes that are not UTF-8 become U+FFFD. */
export function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): LineReader {
  const reader = stream.getReader({ mode: "byob" });
  const splitter = createLineSplitter(onLine);
  const pump = async () => {
    let buffer = new Uint8Array(MAX_LINE_BYTES);
    try {
      while (true) {
        const { value, done } = await reader.read(buffer);
        if (done || value === undefined) break;
        splitter.push(value);
        buffer = new Uint8Array(value.buffer);
      }
    } catch {
      // A pipe that breaks has ended.
    }
    splitter.end();
  };
  return { done: pump(), cancel: () => reader.cancel().catch(() => {}) };
}

/** Cuts bytes into lines of at most {@linkcode MAX_LINE_BYTES}, whatever pieces they come in. */
export function createLineSplitter(onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  const held = new Uint8Array(MAX_LINE_BYTES);
  let heldBytes = 0;

  const flush = () => {
    const line = decoder.decode(held.subarray(0, heldBytes));
    heldBytes = 0;
    onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  };

  return {
    push(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length;) {
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

const LF = 0x0a;

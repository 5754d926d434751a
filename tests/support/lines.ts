/** What a child process writes, line by line, as it comes. */
import { eventually } from "./eventually.ts";

export interface Lines {
  /** All there are so far. */
  readonly all: readonly string[];
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  /** Waits for a line that matches. */
  find(pattern: RegExp, deadlineMs?: number): Promise<string>;
}

/** Starts to read a stream of text. */
export function readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Lines {
  const all: string[] = [];
  let over = false;
  const read = async () => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      all.push(...lines);
    }
    if (rest !== "") all.push(rest);
    over = true;
  };
  return {
    all,
    ended: read(),
    async find(pattern, deadlineMs) {
      const find = () => all.find((line) => pattern.test(line));
      const seen = () => all.map((line) => `\n  ${line}`).join("");
      try {
        await eventually(`a line with ${pattern}`, () => find() !== undefined || over, deadlineMs);
      } catch (error) {
        throw new Error(`${(error as Error).message}; the lines are${seen()}`);
      }
      const line = find();
      if (line === undefined) throw new Error(`ended without a line with ${pattern}:${seen()}`);
      return line;
    },
  };
}

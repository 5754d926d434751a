/**
 * Reading a part of a file, a chunk at a time, into memory that is shared by who reads.
 *
 * @module
 */
import type { FileHandle } from "node:fs/promises";
import type { Bounds } from "../../http/static/range.ts";

/** What one client holds while a file is sent to it. */
export const CHUNK_BYTES = 64 * 1024;

/** Why a file did not give what it was to give. */
export type ReadFailure =
  /** It has become shorter meanwhile. */
  | "shrunk"
  /** The system can't read it. */
  | "unreadable";

/** Bytes that an answer is to have, in order: a part of a file, or a page. */
export interface FileReading {
  /** Bytes that are left. */
  readonly left: number;
  /** Fills `into` as far as there are bytes left, at least with one; a failure is final. Not to be called when none is left. */
  read(into: Uint8Array): Promise<number | ReadFailure>;
  /** Gives back what it holds. To be called once. */
  close(): void;
}

/** Closes the file with itself. */
export function createFileReading(file: FileHandle, { from, to }: Bounds): FileReading {
  let at = from;
  return {
    get left() {
      return to - at;
    },
    async read(into) {
      try {
        const length = Math.min(into.length, to - at);
        const { bytesRead } = await file.read(into, 0, length, at);
        if (bytesRead === 0) return "shrunk";
        at += bytesRead;
        return bytesRead;
      } catch {
        return "unreadable";
      }
    },
    close: () => closeFile(file),
  };
}

export function closeFile(file: FileHandle): void {
  // It was only read: what could go wrong harms nothing.
  file.close().catch(() => {});
}

/** What is held for the next that reads, at most so many chunks. */
const MAX_POOLED = 16;

const pool: Uint8Array<ArrayBuffer>[] = [];

export function takeChunk(): Uint8Array<ArrayBuffer> {
  return pool.pop() ?? new Uint8Array(CHUNK_BYTES);
}

/** Takes a chunk back that nothing reads into and nobody sends any more: of any other whoever has it next would see what is his. */
export function giveChunk(chunk: Uint8Array<ArrayBuffer>): void {
  if (pool.length < MAX_POOLED) pool.push(chunk);
}

/**
 * Reads a file that is small and all of which is needed, at once: of some lines or keys.
 *
 * @module
 */

import { readFailure } from "./read_file.ts";

/** What it holds, or why it can't be had, in words that go behind its name. */
export type SmallFile = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly problem: string };

/** 50,000 lines of 80 bytes; what is bigger is another file. */
const MAX_SMALL_FILE_BYTES = 4 * 1024 * 1024;

/** Reads a regular file; another, such as a pipe, might keep us waiting for ever. */
export function readSmallFile(path: string): SmallFile {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    if (!isFile) return { problem: isDirectory ? "is a directory" : "is no regular file" };
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(file.statSync().size);
    if (bytes.length > MAX_SMALL_FILE_BYTES) {
      return { problem: `has more than ${MAX_SMALL_FILE_BYTES} bytes` };
    }
    let count = 0;
    while (count < bytes.length) {
      const got = file.readSync(bytes.subarray(count));
      if (got === null) break;
      count += got;
    }
    return { bytes: bytes.subarray(0, count) };
  } catch (error) {
    return { problem: `cannot be read: ${readFailure(error)}` };
  }
}

/** The text of bytes in UTF-8, without a mark in front of it; null for what is none. */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Reading files that somebody else writes: bounded, and as UTF-8.
 *
 * @module
 */

/** The text of a file, or in `problem` why it can't be read. */
export type ReadText = { readonly text: string } | { readonly problem: string };

/** Reads a file of at most so many bytes. */
export async function readTextFile(path: string, maxBytes: number): Promise<ReadText> {
  try {
    const bytes = await readAtMost(path, maxBytes + 1);
    if (bytes.length > maxBytes) return { problem: `must be at most ${maxBytes} bytes` };
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    return { problem: `cannot be read: ${readFailure(error)}` };
  }
}

/** Reads as a stream, since a file such as /dev/zero has no end. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const parts: Uint8Array[] = [];
  let count = 0;
  while (count < limit) {
    const part = new Uint8Array(Math.min(PART_BYTES, limit - count));
    const got = await file.read(part);
    if (got === null) break;
    parts.push(part.subarray(0, got));
    count += got;
  }
  const bytes = new Uint8Array(count);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const PART_BYTES = 64 * 1024;

/** Why a file can't be read or written, in words. */
export function readFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  // /proc, /sys and /dev, what links lead to there included, are kept from us by the runtime.
  if (error instanceof Deno.errors.NotCapable) return "it is the system's own";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  // /proc, /sys and /dev, what links lead to there included.
  if (error instanceof Deno.errors.NotCapable) return "it is the system's own";
  if (error instanceof TypeError) return "it is not UTF-8 text";
  return error instanceof Error ? error.message : String(error);
}

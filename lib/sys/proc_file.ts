/**
 * Files of `/proc`, read by the C library: the runtime shows them only to who may do everything.
 *
 * @module
 */
import type { Libc } from "./libc.ts";
import { O_CLOEXEC } from "./socket_constants.ts";

const PIECE_BYTES = 16 * 1024;

/** The text of a file; empty where it can't be read. */
export function readProc({ symbols }: Libc, path: string): string {
  const fd = symbols.open(new TextEncoder().encode(`${path}\0`), O_CLOEXEC);
  if (fd < 0) return "";
  const decoder = new TextDecoder();
  const piece = new Uint8Array(PIECE_BYTES);
  let text = "";
  for (let count; (count = Number(symbols.read(fd, piece, BigInt(piece.length)))) > 0;) {
    text += decoder.decode(piece.subarray(0, count), { stream: true });
  }
  symbols.close(fd);
  return text;
}

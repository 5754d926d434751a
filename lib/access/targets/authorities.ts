/**
 * The authorities that a source of targets is believed by.
 *
 * @module
 */
import { readTextFile } from "../../base/read_file.ts";

const MAX_FILE_BYTES = 1024 ** 2;

/** Makes what reads a PEM file of certificates; null: those that are usually believed. Rejects where it can't be read. */
export function readAuthorities(
  path: string | undefined,
): () => Promise<readonly string[] | null> {
  return async () => {
    if (path === undefined) return null;
    const read = await readTextFile(path, MAX_FILE_BYTES);
    if ("problem" in read) throw new Error(`${path} ${read.problem}`);
    return [read.text];
  };
}

/**
 * Reads the configuration file from the disk.
 *
 * @module
 */
import { thisMachine } from "./machine.ts";
import { loadConfig, type Loaded, loadToml, problemsOfFlags, type Setting } from "./load.ts";

/** A configuration is some lines: what is bigger is another file. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Reads the file, if there is one, and loads it with the flags, and the fallbacks behind both; a file that can't be read is a problem like others. */
export async function readConfig(
  path: string | undefined,
  flags: readonly Setting[],
  fallbacks: readonly Setting[] = [],
): Promise<Loaded> {
  const given = { flags, fallbacks, machine: thisMachine() };
  if (path === undefined) return loadConfig(given);
  const read = path === "" ? { rule: "must name a file" } : await readText(path);
  if ("text" in read) return loadToml({ ...given, file: { path, text: read.text } });
  const place = path === "" ? { flag: "--config" } : { file: path };
  return { problems: [{ ...place, path: "", rule: read.rule }, ...problemsOfFlags(flags)] };
}

async function readText(path: string): Promise<{ text: string } | { rule: string }> {
  try {
    const bytes = await readAtMost(path, MAX_FILE_BYTES + 1);
    if (bytes.length > MAX_FILE_BYTES) return { rule: `must be at most ${MAX_FILE_BYTES} bytes` };
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    return { rule: `cannot be read: ${readFailure(error)}` };
  }
}

/** Reads as a stream, since a file such as /dev/zero has no end. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(limit);
  let count = 0;
  while (count < limit) {
    const got = await file.read(bytes.subarray(count));
    if (got === null) break;
    count += got;
  }
  return bytes.subarray(0, count);
}

function readFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (error instanceof TypeError) return "it is not UTF-8 text";
  return error instanceof Error ? error.message : String(error);
}

/**
 * Reads the configuration file from the disk.
 *
 * @module
 */
import { readTextFile } from "../base/read_file.ts";
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
  const read = path === ""
    ? { problem: "must name a file" }
    : await readTextFile(path, MAX_FILE_BYTES);
  if ("text" in read) return loadToml({ ...given, file: { path, text: read.text } });
  const place = path === "" ? { flag: "--config" } : { file: path };
  return { problems: [{ ...place, path: "", rule: read.problem }, ...problemsOfFlags(flags)] };
}

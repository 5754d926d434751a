/**
 * The certificates of CAs that hosts name, from their files: read again once these have changed.
 *
 * @module
 */
import { readSmallFile } from "../base/small_file.ts";
import { type ReadCertificates, readCertificates } from "../config/certificates.ts";

/** Of a file, what it held when it looked like this. */
interface Known {
  readonly look: string;
  readonly read: ReadCertificates;
}

const known = new Map<string, Known>();

/** The PEM of each file. Throws what is wrong with one: to trust what it once held would be no better than to trust anybody. */
export function readRoots(paths: readonly string[]): string[] {
  return paths.map((path) => {
    const read = readOnce(path);
    if ("problem" in read) throw new Error(`tls.ca: ${JSON.stringify(path)} ${read.problem}`);
    return read.value;
  });
}

function readOnce(path: string): ReadCertificates {
  const look = lookAt(path);
  const before = known.get(path);
  if (before?.look === look) return before.read;
  const file = readSmallFile(path);
  // Why it can't be read may be ours, such as that no descriptor is left: the next dial looks again.
  if ("problem" in file) return file;
  const read = readCertificates(file.bytes);
  known.set(path, { look, read });
  return read;
}

/** The same for a file that has not changed. */
function lookAt(path: string): string {
  try {
    const { dev, ino, size, mtime, ctime } = Deno.statSync(path);
    return JSON.stringify([dev, ino, size, mtime?.getTime(), ctime?.getTime()]);
  } catch (error) {
    return (error as Error).name;
  }
}

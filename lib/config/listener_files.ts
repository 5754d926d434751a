/**
 * The files that listeners name for TLS: what is wrong with them on the machine as it is.
 *
 * @module
 */
import { type FileProblem, nearEnd, readKeyPair } from "./key_pair.ts";
import { eachListener } from "./listen.ts";
import type { Machine } from "./machine.ts";
import type { Finding, Path, SecretFile } from "./problem.ts";
import type { Table } from "./table.ts";
import { TLS, type TlsFiles, tlsFiles } from "./tls_keys.ts";

/** Looks at a configuration of any form. */
export function findListenerFileProblems(raw: unknown, machine: Machine): Finding[] {
  return eachPair(raw).flatMap(({ files, path }) => {
    const read = readKeyPair(files, machine.read);
    return "problems" in read ? read.problems.map((problem) => toFinding(path, problem)) : [];
  });
}

/** Warns of certificates that have not much time left, and of keys that whoever has an account on the machine can read. */
export function warnOfListenerFiles(raw: unknown, machine: Machine): Finding[] {
  return eachPair(raw).flatMap(({ files, path }) => {
    const read = readKeyPair(files, machine.read);
    const words = "problems" in read ? null : nearEnd(read.expires, Date.now());
    const ending = { key: TLS.cert.name, path: files.cert, problem: words ?? "" };
    const open = { key: TLS.key.name, path: files.key, problem: OPEN };
    return [
      ...(words === null ? [] : [toFinding(path, ending)]),
      ...(machine.isReadByAll(files.key) ? [toFinding(path, open)] : []),
    ];
  });
}

/** The files of keys. */
export function keysOfListeners(raw: unknown): SecretFile[] {
  return eachPair(raw).map(({ files, path }) => ({
    file: files.key,
    path: [...path, TLS.key.name],
  }));
}

const OPEN = "can be read by every user of this machine: chmod o-rwx";

function toFinding(path: Path, { key, path: file, problem }: FileProblem): Finding {
  return { path: [...path, key], rule: `${JSON.stringify(file)} ${problem}` };
}

interface Pair {
  readonly files: TlsFiles;
  readonly path: Path;
}

/** Every `tls` that is right in form; that of other listeners is told of as it is. */
function eachPair(raw: unknown): Pair[] {
  return eachListener(raw).flatMap(({ listener, path }) => pairsOf(listener, [...path, "tls"]));
}

function pairsOf({ tls }: Table, path: Path): Pair[] {
  if (tls === undefined || tlsFiles.check(tls).length > 0) return [];
  const pairs = tlsFiles.decode(tls);
  return pairs.map((files, at) => ({ files, path: Array.isArray(tls) ? [...path, at] : path }));
}

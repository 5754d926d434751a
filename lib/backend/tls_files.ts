/**
 * The files that hosts name for TLS: read again once they have changed.
 *
 * @module
 */
import { stampAt } from "../base/file_stamp.ts";
import { readSmallFile } from "../base/small_file.ts";
import { readCertificates } from "../config/certificates.ts";
import { isKeyOf, readPrivateKey } from "../config/private_key.ts";

/** The files of whom we trust, and of who we are. */
export interface TrustFiles {
  /** Certificates of CAs that are trusted besides the runtime's. */
  readonly ca: readonly string[];
  /** What we show where we are asked; null: nothing. */
  readonly identity: { readonly cert: string; readonly key: string } | null;
}

/** What the files hold, as PEM. */
export interface Trust {
  readonly roots: readonly string[];
  readonly identity: { readonly cert: string; readonly key: string } | null;
}

/** Throws what is wrong with a file: to trust what it once held would be no better than to trust anybody. */
export function readTrust({ ca, identity }: TrustFiles): Trust {
  return {
    roots: ca.map((path) => held("ca", path, readCertificates)),
    identity: identity && readIdentity(identity),
  };
}

function readIdentity(files: { readonly cert: string; readonly key: string }) {
  const cert = held("cert", files.cert, readCertificates);
  const key = held("key", files.key, readPrivateKey);
  // One of them has been renewed, and the other not yet.
  if (!isKeyOf(key, cert)) throw new Error("tls.key is not the key of the certificate in tls.cert");
  return { cert, key };
}

type Read = { readonly value: string } | { readonly problem: string };

/** What a file held when it had this stamp. */
interface Known {
  readonly stamp: string;
  readonly read: Read;
}

const known = new Map<string, Known>();

function held(key: string, path: string, parse: (bytes: Uint8Array) => Read): string {
  const read = readOnce(`${key} ${path}`, path, parse);
  if ("problem" in read) throw new Error(`tls.${key}: ${JSON.stringify(path)} ${read.problem}`);
  return read.value;
}

function readOnce(name: string, path: string, parse: (bytes: Uint8Array) => Read): Read {
  const stamp = stampAt(path);
  const before = known.get(name);
  if (before?.stamp === stamp) return before.read;
  const file = readSmallFile(path);
  // Why it can't be read may be ours, such as that no descriptor is left: the next dial looks again.
  if ("problem" in file) return file;
  const read = parse(file.bytes);
  known.set(name, { stamp, read });
  return read;
}

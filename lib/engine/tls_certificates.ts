/**
 * The certificates of a listener: which one is for a client, and their files, which are looked at again and again, so that a renewed pair is
 * taken for the connections that come then. Open ones know nothing of it.
 *
 * A pair is taken when it is right. Files are replaced one after the other, or written bit by bit, so that one which is wrong is told of only
 * once it has stayed as it is from one look to the next; the pair before it stays.
 *
 * @module
 */
import type { SecureContext } from "node:tls";
import { stampAt } from "../base/file_stamp.ts";
import { readSmallFile } from "../base/small_file.ts";
import { type FileProblem, type KeyPair, nearEnd, readKeyPair } from "../config/key_pair.ts";
import type { TlsFiles } from "../config/tls_keys.ts";
import type { Emit } from "../events/events.ts";
import type { TlsRuntime } from "./tls_runtime.ts";

/** How often the files are looked at. */
const LOOK_MS = 1_000;

/** How often a certificate that has not much time left is told of. */
const REMIND_MS = 24 * 60 * 60 * 1_000;

/** A certificate in use. */
export interface Certificate {
  readonly context: SecureContext;
  /** Whether a client must have one, too. */
  readonly asksClient: boolean;
  /**
   * Fingerprints of the clients' certificates that were verified. The runtime verifies none when a session is resumed, not even one that it
   * had refused before (measured on 2.9.6: its tickets are one lot for all listeners).
   */
  readonly verified: Set<string>;
}

/** A certificate in use, and when it ends. */
export interface CertificateEnd {
  readonly path: string;
  /** Unix time in milliseconds. */
  readonly expires: number;
}

export interface Certificates {
  readonly ends: readonly CertificateEnd[];
  /** The one for a name, or the first. */
  for(name: string | null): Certificate;
  /** Whether it depends on the name. */
  readonly several: boolean;
  /** Looks at the files at once, and tells of what is wrong with them. */
  look(): void;
  close(): void;
}

/** Reads the files, which were right a moment ago; throws where they no longer are. */
export function openCertificates(
  list: readonly TlsFiles[],
  runtime: TlsRuntime,
  emit: Emit,
): Certificates {
  const entries = list.map((files) => createEntry(files, runtime, emit));
  const timer = setInterval(() => entries.forEach((entry) => entry.look(false)), LOOK_MS);
  // It keeps nobody from ending.
  Deno.unrefTimer(timer);
  return {
    for(name) {
      const own = name === null ? undefined : entries.find((entry) => entry.isFor(name));
      return (own ?? entries[0]!).certificate;
    },
    get ends() {
      return entries.map(({ end }) => end);
    },
    several: entries.length > 1,
    look: () => entries.forEach((entry) => entry.look(true)),
    close: () => clearInterval(timer),
  };
}

interface Entry {
  readonly certificate: Certificate;
  readonly end: CertificateEnd;
  isFor(name: string): boolean;
  /** `now`: what is wrong is told of at once. */
  look(now: boolean): void;
}

function createEntry(files: TlsFiles, { tls }: TlsRuntime, emit: Emit): Entry {
  const paths = [files.cert, files.key, ...(files.clientCa === undefined ? [] : [files.clientCa])];
  let stamp = stampsAt(paths);
  const read = readKeyPair(files, readSmallFile);
  if ("problems" in read) throw new Error(wordsOf(read.problems));
  let pair = read;
  let certificate = toCertificate(pair, new Set(), tls);
  /** What is wrong and has not been told. */
  let untold: readonly FileProblem[] = [];
  // At the start it is told with the configuration.
  let remindMs = Date.now() + REMIND_MS;

  const tell = () => {
    if (untold.length > 0) emit({ kind: "certificate-refused", problem: wordsOf(untold) });
    untold = [];
  };
  const take = (next: KeyPair) => {
    untold = [];
    if (isSame(next, pair)) return;
    const verified = next.clientCa === pair.clientCa ? certificate.verified : new Set<string>();
    certificate = toCertificate(next, verified, tls);
    pair = next;
    emit({ kind: "certificate-renewed", path: files.cert, expires: pair.expires.getTime() });
    remindMs = 0;
  };
  const remind = () => {
    const nowMs = Date.now();
    if (nowMs < remindMs) return;
    remindMs = nowMs + REMIND_MS;
    const words = nearEnd(pair.expires, nowMs);
    if (words !== null) emit({ kind: "certificate-ending", path: files.cert, words });
  };
  return {
    get certificate() {
      return certificate;
    },
    get end() {
      return { path: files.cert, expires: pair.expires.getTime() };
    },
    isFor: (name) => pair.isFor(name),
    look(now) {
      const seen = stampsAt(paths);
      if (seen === stamp) tell();
      else {
        stamp = seen;
        const next = readKeyPair(files, readSmallFile);
        if ("problems" in next) untold = next.problems;
        else take(next);
      }
      if (now) tell();
      remind();
    },
  };
}

function toCertificate(
  { cert, key, clientCa }: KeyPair,
  verified: Set<string>,
  { createSecureContext }: TlsRuntime["tls"],
): Certificate {
  const context = createSecureContext({ cert, key, ...(clientCa !== null && { ca: clientCa }) });
  return { context, asksClient: clientCa !== null, verified };
}

function isSame(a: KeyPair, b: KeyPair): boolean {
  return a.cert === b.cert && a.key === b.key && a.clientCa === b.clientCa;
}

function wordsOf(problems: readonly FileProblem[]): string {
  return problems.map(({ path, problem }) => `${JSON.stringify(path)} ${problem}`).join("; ");
}

function stampsAt(paths: readonly string[]): string {
  return paths.map(stampAt).join(" ");
}

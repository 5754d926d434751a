/**
 * A certificate with its private key, and who may connect: what the files hold, and what is wrong with it. Nothing of a key is ever repeated.
 *
 * @module
 */
import type { KeyObject, X509Certificate } from "node:crypto";
import { formatMinute } from "../base/minute.ts";
import { nodeCrypto } from "../base/node_crypto.ts";
import type { SmallFile } from "../base/small_file.ts";
import { certificatesIn, readCertificates } from "./certificates.ts";
import { readPrivateKey } from "./private_key.ts";
import { TLS, type TlsFiles } from "./tls_keys.ts";

/** What TLS is spoken by. */
export interface KeyPair {
  /** PEM; its own certificate first. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** PEM of the authorities that issue clients' certificates; null: nobody is asked for one. */
  readonly clientCa: string | null;
  readonly expires: Date;
  /** Whether it is for a host name, in lower case, by its subject's alternative names. */
  isFor(name: string): boolean;
}

/** Something wrong with a file. */
export interface FileProblem {
  /** The key of `tls` that names it. */
  readonly key: string;
  readonly path: string;
  /** In words that go behind its name. */
  readonly problem: string;
}

export type ReadKeyPair = KeyPair | { readonly problems: readonly FileProblem[] };

/** Reads the files of a pair, and tells all that is wrong with them. */
export function readKeyPair(
  { cert, key, clientCa }: TlsFiles,
  read: (path: string) => SmallFile,
): ReadKeyPair {
  const certificate = parsed(read(cert), parseCertificate);
  const privateKey = parsed(read(key), parsePrivateKey);
  const authorities = clientCa === undefined
    ? { value: null }
    : parsed(read(clientCa), parseAuthorities);
  const pair = "value" in certificate && "value" in privateKey
    ? matched(certificate.value, privateKey.value, cert)
    : privateKey;
  const problems = [
    ...problemOf(TLS.cert.name, cert, certificate),
    ...problemOf(TLS.key.name, key, pair),
    ...problemOf(TLS.clientCa.name, clientCa ?? "", authorities),
  ];
  if (!("value" in certificate && "value" in pair && "value" in authorities)) {
    return { problems };
  }
  const { leaf, pem } = certificate.value;
  const names = namesOf(leaf);
  return {
    cert: pem,
    key: pair.value.pem,
    clientCa: authorities.value,
    expires: new Date(leaf.validTo),
    isFor: (name) => names.some((pattern) => covers(pattern, name)),
  };
}

/** In lower case. */
function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name]) =>
    name!.toLowerCase()
  );
}

/** RFC 6125 section 6.4.3: a star stands for the whole first label. The runtime's `checkHost()` knows no stars. */
function covers(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name;
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot) === pattern.slice(1);
}

type Parsed<T> = { readonly value: T } | { readonly problem: string };

function parsed<T>(file: SmallFile, parse: (bytes: Uint8Array) => Parsed<T>): Parsed<T> {
  return "problem" in file ? file : parse(file.bytes);
}

function problemOf(key: string, path: string, read: Parsed<unknown>): FileProblem[] {
  return "problem" in read ? [{ key, path, problem: read.problem }] : [];
}

/** A file's certificates. */
interface Chain {
  readonly leaf: X509Certificate;
  readonly chain: readonly X509Certificate[];
  readonly pem: string;
}

interface PrivateKey {
  readonly key: KeyObject;
  readonly pem: string;
}

function parseCertificate(bytes: Uint8Array): Parsed<Chain> {
  const read = readCertificates(bytes);
  if ("problem" in read) return read;
  const chain = certificatesIn(read.value).map((pem) => new (nodeCrypto().X509Certificate)(pem));
  return { value: { leaf: chain[0]!, chain, pem: read.value } };
}

function parsePrivateKey(bytes: Uint8Array): Parsed<PrivateKey> {
  const read = readPrivateKey(bytes);
  if ("problem" in read) return read;
  const key = nodeCrypto().createPrivateKey(read.value);
  const unfit = whyUnfit(key);
  return unfit === null ? { value: { key, pem: read.value } } : { problem: unfit };
}

const KINDS = "must be RSA of 2048 bits or more, an elliptic curve's (P-256, P-384, P-521) " +
  "or Ed25519";

/** Two have other names in Deno 2.4. */
const CURVES = ["prime256v1", "secp384r1", "secp521r1", "p256", "p384"];

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** What the runtime's TLS library (rustls) has signatures for. */
function whyUnfit({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  const { modulusLength = 0, namedCurve = "" } = details ?? {};
  if (type === "rsa") {
    if (modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS) return null;
    return `holds an RSA key of ${modulusLength} bits: ${KINDS}`;
  }
  if (type === "ed25519" || (type === "ec" && CURVES.includes(namedCurve))) return null;
  return `holds a key of another kind: ${KINDS}`;
}

/** An authority of version 1 can't say that it is one, and the runtime would let in whoever shows that certificate itself. */
function parseAuthorities(bytes: Uint8Array): Parsed<string> {
  const read = readCertificates(bytes);
  if ("problem" in read) return read;
  const at = certificatesIn(read.value).findIndex((pem) =>
    !new (nodeCrypto().X509Certificate)(pem).ca
  );
  if (at < 0) return read;
  return { problem: `holds a certificate, number ${at + 1}, that is no authority's (CA:TRUE)` };
}

/** True also where that can't be told: Deno 2.4 has no `checkPrivateKey`, and is refused TLS for what else it lacks. */
function isFor(key: KeyObject, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    return true;
  }
}

/** The key, where it is the certificate's. */
function matched({ leaf, chain }: Chain, privateKey: PrivateKey, file: string): Parsed<PrivateKey> {
  const { key } = privateKey;
  if (isFor(key, leaf)) return { value: privateKey };
  const at = chain.findIndex((certificate) => isFor(key, certificate));
  const name = JSON.stringify(file);
  return {
    problem: at < 0
      ? `is not the key of the certificate in ${name}`
      : `is the key of certificate number ${at + 1} in ${name}: that must stand first there`,
  };
}

/** From so long before its end a certificate is warned of. */
const NEAR_END_DAYS = 14;

const DAY_MS = 24 * 60 * 60 * 1000;

/** What there is to warn of in the time that a certificate has left; null: nothing yet. */
export function nearEnd(expires: Date, nowMs: number): string | null {
  const days = Math.floor((expires.getTime() - nowMs) / DAY_MS);
  const when = formatMinute(expires);
  if (days < 0) return `has expired, ${when}`;
  if (days >= NEAR_END_DAYS) return null;
  const left = days === 0 ? "less than a day" : days === 1 ? "a day" : `${days} days`;
  return `expires in ${left}, ${when}`;
}

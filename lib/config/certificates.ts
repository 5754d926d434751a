/**
 * Certificates as files of PEM have them (RFC 7468).
 *
 * @module
 */
import { nodeCrypto } from "../base/node_crypto.ts";
import { utf8Text } from "../base/small_file.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

/** The text of a file's certificates, or what is wrong with it, in words that go behind its name. */
export type ReadCertificates =
  | { readonly value: string }
  | { readonly problem: string };

/** Behind "holds no ... as PEM": what it holds in its place, as of a certificate and a key that have been swapped; the label alone is told. */
export function heldInstead(bytes: Uint8Array): string {
  const text = utf8Text(bytes);
  if (text === null) return ": it is no text; openssl makes PEM of other forms";
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1];
  return label === undefined ? "" : `, but a ${label.toLowerCase()}`;
}

/** Each of the certificates in a text. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(CERTIFICATE) ?? [];
}

/** What else a file holds, a private key among it, is left out. */
export function readCertificates(bytes: Uint8Array): ReadCertificates {
  const certificates = certificatesIn(utf8Text(bytes) ?? "");
  if (certificates.length === 0) {
    return { problem: `holds no certificate as PEM${heldInstead(bytes)}` };
  }
  const broken = certificates.findIndex((pem) => !isCertificate(pem));
  if (broken < 0) return { value: certificates.join("\n") };
  const which = certificates.length === 1
    ? "a certificate"
    : `a certificate, number ${broken + 1},`;
  return { problem: `holds ${which} that can't be read` };
}

function isCertificate(pem: string): boolean {
  try {
    new (nodeCrypto().X509Certificate)(pem);
    return true;
  } catch {
    return false;
  }
}

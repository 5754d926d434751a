/**
 * Who a client is by its certificate, once the handshake is over: whether it was verified, and its name.
 *
 * The runtime shakes hands with whoever shows any certificate, and keeps what was wrong with it for who asks (2.9.6). And it resumes sessions
 * without a look at the certificate that they began with: so only one that was verified in a handshake of its own is let in again.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { verdictOf } from "./socket_handle.ts";

/** The common name of its subject, null where it has none, or why it may not come in. */
export type ClientProof = { readonly user: string | null } | { readonly problem: string };

/** Of clients' certificates that are remembered; sessions of others are asked for a handshake anew. */
const MOST_VERIFIED = 10_000;

/** RFC 5280 appendix A: ub-common-name. */
const MAX_NAME_LENGTH = 64;

/** Judges the certificate of a connection; `verified` are the fingerprints of those that were. */
export function readClient(
  secure: TLSSocket,
  verified: Set<string>,
  nowMs: number,
): ClientProof {
  const certificate = secure.getPeerX509Certificate();
  if (certificate === undefined) return { problem: "the client has shown no certificate" };
  const { fingerprint256: fingerprint, subject, validTo } = certificate;
  if (secure.isSessionReused()) {
    if (!verified.has(fingerprint)) {
      return { problem: "it resumes a session whose certificate was not verified" };
    }
    if (nowMs > new Date(validTo).getTime()) return { problem: WORDS["CERT_HAS_EXPIRED"]! };
  } else {
    const code = verdictOf(secure);
    if (code !== "") return { problem: WORDS[code] ?? `the client's certificate: ${code}` };
    remember(verified, fingerprint);
  }
  return { user: nameIn(subject) };
}

const UNKNOWN =
  "the client's certificate is of no authority in client-ca, not for a client, or not of " +
  "version 3 of X.509";

const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the client's certificate has expired",
  CERT_NOT_YET_VALID: "the client's certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN,
};

function remember(verified: Set<string>, fingerprint: string): void {
  verified.delete(fingerprint);
  verified.add(fingerprint);
  if (verified.size > MOST_VERIFIED) verified.delete(verified.values().next().value!);
}

function nameIn(subject: X509Certificate["subject"]): string | null {
  const [, name] = /^CN=(.+)$/m.exec(subject) ?? [];
  return name === undefined ? null : name.slice(0, MAX_NAME_LENGTH);
}

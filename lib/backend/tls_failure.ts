/**
 * Why no TLS came about, in words that say what to do about it. The runtime's TLS is rustls, whose messages these are made of.
 *
 * @module
 */
import { peerWords } from "../events/words.ts";

const CERTIFICATE = "invalid peer certificate: ";

/** What rustls says of a certificate, and what it means. */
const OF_CERTIFICATE: readonly (readonly [RegExp, string])[] = [
  [
    /^UnknownIssuer/,
    "its certificate is of an unknown issuer: tls.ca names the file with its CA's, or with its own where it is self-signed",
  ],
  [/^BadSignature/, "its certificate is not signed by the CA of the name that it gives as issuer"],
  [
    /CaUsedAsEndEntity/,
    "its certificate is a CA's, which is none for a server: a self-signed one must say CA:FALSE",
  ],
  [/UnsupportedCertVersion/, "its certificate is not of version 3 of X.509"],
  [/^BadEncoding/, "its certificate can't be read"],
  [/^Expired|^certificate expired/, "its certificate has expired"],
  [/^NotValidYet|^certificate not valid yet/, "its certificate is not valid yet"],
  [/^Revoked/, "its certificate is revoked"],
  [/^InvalidPurpose/, "its certificate is for another purpose than a server's"],
];

const OF_HANDSHAKE: readonly (readonly [RegExp, string])[] = [
  [/^received corrupt message|InvalidContentType/, "it doesn't speak TLS"],
  [/end of file|without sending TLS close_notify/i, "it ended the connection in the TLS handshake"],
  [/alert: CertificateRequired/, "it asks for a client's certificate (tls.cert, tls.key)"],
  [
    /alert: (?:(?:Bad|Unsupported)Certificate|Certificate(?:Revoked|Expired|Unknown)|UnknownCA|AccessDenied|DecryptError)/,
    "it doesn't accept our certificate",
  ],
  [/alert: (?:ProtocolVersion|HandshakeFailure)/, "it has no version or cipher of TLS in common"],
];

/** In words for the log, of which some may be the backend's: the names in its certificate. */
export function tlsFailure(message: string): string {
  const at = message.indexOf(CERTIFICATE);
  if (at < 0) return wordsFor(message, OF_HANDSHAKE) ?? `TLS: ${peerWords(message)}`;
  const what = message.slice(at + CERTIFICATE.length);
  return wordsFor(what, OF_CERTIFICATE) ?? `its certificate is not accepted: ${peerWords(what)}`;
}

function wordsFor(
  message: string,
  table: readonly (readonly [RegExp, string])[],
): string | undefined {
  return table.find(([pattern]) => pattern.test(message))?.[1];
}

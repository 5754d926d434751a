/**
 * The certificates that a server has shown to `node:tls`, which takes more than it should: one of version 1 of X.509 it believes by the name of the
 * authority that it gives as its issuer, whoever has signed it, and what that one has issued as well (measured on 2.9.6). Of version 3, as every
 * authority makes them, it verifies the signatures.
 *
 * @module
 */

/** As the runtime hands them out; of the last one it is that one itself, or there is none. */
export interface ShownCertificate {
  /** DER. */
  readonly raw: Uint8Array;
  readonly issuerCertificate?: ShownCertificate;
}

/** Longer chains are none. */
const MAX_CERTIFICATES = 16;

/** Whether there is one of another version than 3 among them; the authorities' own, as DER, may be. */
export function hasOldVersion(
  leaf: ShownCertificate,
  authorities: readonly Uint8Array[],
): boolean {
  let certificate: ShownCertificate | undefined = leaf;
  for (let count = 0; certificate !== undefined; count++) {
    const { raw, issuerCertificate }: ShownCertificate = certificate;
    const isOwn = authorities.some((authority) => isSame(authority, raw));
    if (count === MAX_CERTIFICATES || !(isOwn || isVersion3(raw))) return true;
    certificate = issuerCertificate === certificate ? undefined : issuerCertificate;
  }
  return false;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** `[0] { INTEGER 2 }`, which others leave out or have another number in (RFC 5280 section 4.1). */
const VERSION_3 = [0xa0, 0x03, 0x02, 0x01, 0x02];

/** It stands behind the heads of the two outermost sequences. */
function isVersion3(der: Uint8Array): boolean {
  const at = behindHead(der, behindHead(der, 0));
  return VERSION_3.every((byte, offset) => der[at + offset] === byte);
}

/** A tag, and a length in one byte or in so many as that one says. */
function behindHead(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

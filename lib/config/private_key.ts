/**
 * Private keys as files of PEM have them (RFC 7468). Nothing of one is ever repeated.
 *
 * @module
 */
import { nodeCrypto } from "../base/node_crypto.ts";
import { utf8Text } from "../base/small_file.ts";
import { heldInstead } from "./certificates.ts";

const PRIVATE_KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^]*?-----END \1-----/;

const ENCRYPTED = "is encrypted, and nobody is there to be asked for its passphrase: " +
  "openssl pkey takes that off";

/** The text of a file's key, or what is wrong with it, in words that go behind its name. */
export function readPrivateKey(
  bytes: Uint8Array,
): { readonly value: string } | { readonly problem: string } {
  const [pem, label] = PRIVATE_KEY.exec(utf8Text(bytes) ?? "") ?? [];
  if (pem === undefined) return { problem: `holds no private key as PEM${heldInstead(bytes)}` };
  // The library would ask for the passphrase on a terminal.
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(pem)) {
    return { problem: ENCRYPTED };
  }
  try {
    nodeCrypto().createPrivateKey(pem);
    return { value: pem };
  } catch {
    return { problem: "holds a private key that can't be read" };
  }
}

/** Whether a key is that of the first of some certificates; true also where that can't be told (Ed25519 in Deno 2.4.2, which has no `checkPrivateKey` either). */
export function isKeyOf(key: string, certificates: string): boolean {
  try {
    const { publicKey } = new (nodeCrypto().X509Certificate)(certificates);
    const [ours, its] = [
      nodeCrypto().createPublicKey(nodeCrypto().createPrivateKey(key)),
      publicKey,
    ]
      .map((one) => one.export({ type: "spki", format: "der" }));
    return ours!.equals(its!);
  } catch {
    return true;
  }
}

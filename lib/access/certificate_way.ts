/**
 * Names in certificates of clients (`certificate`): the listener has seen to it that they are true.
 *
 * @module
 */
import type { Way } from "./way.ts";

/** The way by the common name of a certificate. */
export function createCertificateWay(names: readonly string[]): Way {
  return {
    asksFor: "certificate",
    prove({ peer: { user } }) {
      if (user === undefined) return null;
      return Promise.resolve(names.includes(user) ? { user } : { wrong: "no such certificate" });
    },
  };
}

/**
 * Secrets that tests use: whatever the program prints and answers is searched for every one of them.
 *
 * @module
 */
import assert from "node:assert/strict";

/** What is searched for, and what it is a form of. */
const forms = new Map<string, string>();

/** Shorter ones would be found by chance. */
const MIN_LENGTH = 12;

/** Makes a secret that nothing else looks like. `label` is what a failure calls it. */
export function makeSecret(label: string): string {
  const random = crypto.getRandomValues(new Uint8Array(18)).toHex();
  return keepSecret(label, `s3cret-${random}`);
}

/** From now on a secret is searched for: as it is, percent-encoded, in base64. Gives it back. */
export function keepSecret(label: string, secret: string): string {
  assert.ok(secret.length >= MIN_LENGTH, `${label} is too short to be searched for`);
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(secret)));
  for (const form of [secret, encodeURIComponent(secret), encoded.replace(/=+$/, "")]) {
    forms.set(form, label);
  }
  return secret;
}

/** Fails where a text holds one of the secrets; `what` says whose text it is. */
export function assertNoSecret(what: string, text: string): void {
  for (const [form, label] of forms) {
    assert.ok(!text.includes(form), `${what} holds a secret: ${label}`);
  }
}

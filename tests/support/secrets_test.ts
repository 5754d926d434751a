import assert from "node:assert/strict";
import { assertNoSecret, keepSecret, makeSecret } from "./secrets.ts";

Deno.test("a secret is found as it is, percent-encoded and in base64", () => {
  const secret = keepSecret("one with signs", `${makeSecret("its start")}&? %`);
  for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
    assert.throws(
      () => assertNoSecret("a text", `client asks for ${form}.`),
      /a text holds a secret/,
    );
  }
  assertNoSecret("a text", "client asks for nothing");
});

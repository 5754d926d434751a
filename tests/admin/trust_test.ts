/** Whose requests the admin listener answers, by what they say of where they come from. */
import assert from "node:assert/strict";
import { isToken, shownToken } from "../../lib/control/admin/token.ts";
import { distrust } from "../../lib/control/admin/trust.ts";

/** The status, or null where it is trusted, of a listener at `name`. */
const HOSTS: readonly [host: string | null, name: string, status: 421 | null][] = [
  ["127.0.0.1:9090", "127.0.0.1", null],
  ["127.0.0.1", "127.0.0.1", null],
  ["[::1]:9090", "127.0.0.1", null],
  ["192.0.2.7:9090", "::", null],
  ["localhost:9090", "127.0.0.1", null],
  ["LocalHost:9090", "127.0.0.1", null],
  // A port that was forwarded.
  ["localhost:19090", "127.0.0.1", null],
  ["ops.example:9090", "ops.example", null],
  ["OPS.example", "Ops.Example", null],
  ["ops.example:9090", "127.0.0.1", 421],
  ["evil.example:9090", "ops.example", 421],
  ["127.0.0.1.evil.example:9090", "127.0.0.1", 421],
  ["localhost.evil.example", "127.0.0.1", 421],
  ["a.localhost", "127.0.0.1", 421],
  ["localhost.", "127.0.0.1", 421],
  ["localhost:", "127.0.0.1", 421],
  ["user@localhost", "127.0.0.1", 421],
  ["localhost/", "127.0.0.1", 421],
  ["localhost, evil.example", "127.0.0.1", 421],
  ["2130706433", "127.0.0.1", 421],
  ["0x7f.1", "127.0.0.1", 421],
  ["127.1", "127.0.0.1", 421],
  ["[localhost]", "127.0.0.1", 421],
  ["[127.0.0.1]", "127.0.0.1", null],
  ["", "127.0.0.1", 421],
  [null, "127.0.0.1", 421],
];

for (const [host, name, status] of HOSTS) {
  Deno.test(`the Host ${host} at ${name} is ${status === null ? "answered" : "refused"}`, () => {
    const got = distrust({ host, origin: null, site: null }, name);
    assert.equal(got?.status ?? null, status);
  });
}

const PAGES: readonly [origin: string | null, site: string | null, trusted: boolean][] = [
  [null, null, true],
  [null, "none", true],
  [null, "same-origin", true],
  ["http://127.0.0.1:9090", "same-origin", true],
  ["http://127.0.0.1:9090", null, true],
  ["http://127.0.0.1:9091", null, false],
  ["http://127.0.0.1", null, false],
  ["https://127.0.0.1:9090", null, false],
  ["http://localhost:9090", null, false],
  ["http://evil.example", null, false],
  ["null", null, false],
  ["", null, false],
  [null, "cross-site", false],
  [null, "same-site", false],
  [null, "unheard-of", false],
  ["http://127.0.0.1:9090", "same-site", false],
];

for (const [origin, site, trusted] of PAGES) {
  Deno.test(`the Origin ${origin} with Sec-Fetch-Site ${site} is ${trusted ? "" : "not "}trusted`, () => {
    const got = distrust({ host: "127.0.0.1:9090", origin, site }, "127.0.0.1");
    assert.equal(got?.status, trusted ? undefined : 403);
  });
}

Deno.test("`shownToken()` takes a bearer token, and a password where that is allowed alone", () => {
  const basic = `Basic ${btoa("anybody:a-token")}`;
  assert.equal(shownToken("Bearer a-token", false), "a-token");
  assert.equal(shownToken("bEARER   a-token", false), "a-token");
  assert.equal(shownToken(basic, true), "a-token");
  assert.equal(shownToken(`Basic ${btoa(":a:b")}`, true), "a:b");
  for (
    const none of [basic, "a-token", "Bearer", "Bearer ", "Bearer a b", "Digest a-token", "", null]
  ) {
    assert.equal(shownToken(none, false), null, String(none));
  }
});

Deno.test("`isToken()` tells the token from all others, whatever their length", () => {
  const token = "0123456789abcdef";
  assert(isToken(token, token));
  for (const other of ["", "0123456789abcdeF", token.slice(1), token + "0"]) {
    assert(!isToken(other, token), other);
  }
});

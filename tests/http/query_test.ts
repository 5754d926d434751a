import assert from "node:assert/strict";
import { queryOf, withoutParameters } from "../../lib/http/query.ts";
import { findToken } from "../../lib/http/credentials.ts";
import { withRandom } from "../support/random.ts";

for (
  const [target, left] of [
    ["/a", "/a"],
    ["/a?", "/a?"],
    ["/a?b=1", "/a?b=1"],
    ["/a?token=s3cret", "/a"],
    ["/a?b=1&token=s3cret&c=2", "/a?b=1&c=2"],
    ["/a?token=s3cret&token=s3cret2&b", "/a?b"],
    ["/a?token", "/a"],
    ["/a?token=a=b", "/a"],
    ["/a?%74oken=s3cret", "/a"],
    ["/a?%20token+=s3cret", "/a"],
    ["/a?tok%65n=s3cret&x=%zz", "/a?x=%zz"],
    ["/a?%zztoken=1", "/a?%zztoken=1"],
    ["/a?Token=1&tokens=2&b=token", "/a?Token=1&tokens=2&b=token"],
    ["/a?b?token=1", "/a?b?token=1"],
    ["/a?b=1;token=1", "/a?b=1;token=1"],
    ["/a?jwt=s3cret&b=1", "/a?b=1"],
    ["/a/token=1", "/a/token=1"],
    ["/a?b#token=1", "/a?b"],
  ] as const
) {
  Deno.test(`\`withoutParameters()\` leaves ${left} of ${target}`, () => {
    assert.equal(withoutParameters(target, ["token", "jwt"]), left);
    assert.equal(withoutParameters(target, []), target);
  });
}

Deno.test("`queryOf()` is what stands behind the first question mark", () => {
  const queries = ["/a", "/a?", "/a?b=1?c", "/a?b#c?d", "/a#b?c"].map(queryOf);
  assert.deepEqual(queries, ["", "", "b=1?c", "b", ""]);
});

const PIECES = ["token", "%74oken", "=", "&", "?", "+", "%20", "s3cret", ";", "a", "%", "%zz", "/"];

Deno.test("`withoutParameters()` leaves no token that would let somebody in", (t) =>
  withRandom(t, ({ below, pick }) => {
    let found = 0;
    for (let round = 0; round < 50_000; round++) {
      const target = "/?" + Array.from({ length: below(10) }, () => pick(PIECES)).join("");
      const find = (target: string) =>
        findToken(
          { method: "GET", target, version: "1.1", headers: { get: () => null } },
          [{ kind: "query", name: "token" }],
        );
      if (find(target) !== null) found++;
      const left = withoutParameters(target, ["token"]);
      assert.equal(find(left), null, `${target} -> ${left}`);
    }
    assert.ok(found > 1_000);
  }));

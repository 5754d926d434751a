import assert from "node:assert/strict";
import type { TokenPlace } from "../../lib/config/auth_kinds.ts";
import { findPassword, findToken, MAX_TOKEN_CHARACTERS } from "../../lib/http/credentials.ts";

type Fields = Readonly<Record<string, string>>;

function head(fields: Fields, target = "/") {
  const headers = { get: (name: string) => fields[name] ?? null };
  return { method: "GET", target, version: "1.1" as const, headers };
}

const AUTHORIZATION: TokenPlace = { kind: "authorization" };
const SUBPROTOCOL: TokenPlace = { kind: "subprotocol" };
const QUERY: TokenPlace = { kind: "query", name: "token" };
const COOKIE: TokenPlace = { kind: "cookie", name: "session" };

const STRAY = "no token, or one with a stray character";
const SEVERAL = "several tokens in one place";
const UNDECODED = "a token that can't be decoded";

type Row = readonly [place: TokenPlace, written: string, token: string | null, problem?: string];

const ROWS: readonly Row[] = [
  [AUTHORIZATION, "Bearer abc", "abc"],
  [AUTHORIZATION, "bearer   a.b-c_~+/==", "a.b-c_~+/=="],
  [AUTHORIZATION, "Basic YTpi", null],
  [AUTHORIZATION, "Bearerabc", null],
  [AUTHORIZATION, "", null],
  [AUTHORIZATION, "Bearer", null, UNDECODED],
  [AUTHORIZATION, "Bearer a b", null, UNDECODED],
  [AUTHORIZATION, "Bearer a, Bearer b", null, UNDECODED],
  [AUTHORIZATION, "Bearer a%20", null, UNDECODED],
  [AUTHORIZATION, "Basic YTpi, Bearer b", null],
  [QUERY, "/?token=abc", "abc"],
  [QUERY, "/a/b?x=1&token=a%2Bb%3d%3D&y", "a+b=="],
  [QUERY, "/?token=a+b==", "a+b=="],
  [QUERY, "/?t%6fken=abc", "abc"],
  [QUERY, "/?Token=abc&mytoken=1&token2=3", null],
  [QUERY, "/token=abc", null],
  [QUERY, "/#?token=abc", null],
  [QUERY, "/?token=", null, STRAY],
  [QUERY, "/?token", null, STRAY],
  [QUERY, "/?token=a%20b", null, STRAY],
  [QUERY, "/?token=%00", null, STRAY],
  [QUERY, "/?token=%c3%a4", null, STRAY],
  [QUERY, "/?token=%zz", null, UNDECODED],
  [QUERY, "/?token=%ff", null, UNDECODED],
  [QUERY, "/?token=a&token=b", null, SEVERAL],
  [QUERY, "/?token=a&token=%61", "a"],
  [QUERY, "/?token=abc#&token=d", "abc"],
  [COOKIE, "session=abc", "abc"],
  [COOKIE, 'a=b; session="abc"; c', "abc"],
  [COOKIE, "a=b;session=a%3D%3D", "a=="],
  [COOKIE, "session=a==", "a=="],
  [COOKIE, "Session=abc; xsession=d", null],
  [COOKIE, "session=", null, STRAY],
  [COOKIE, "session=a; session=b", null, SEVERAL],
  [COOKIE, 'session=a; session="a"', "a"],
  [COOKIE, "session=%", null, UNDECODED],
  [SUBPROTOCOL, "binary, bearer.abc", "abc"],
  [SUBPROTOCOL, "Bearer.a%2Fb%3D,binary", "a/b="],
  [SUBPROTOCOL, "bearer", null],
  [SUBPROTOCOL, "binary, xbearer.a", null],
  [SUBPROTOCOL, "bearer.", null, STRAY],
  [SUBPROTOCOL, "bearer.a, bearer.b", null, SEVERAL],
];

const FIELDS = {
  authorization: "authorization",
  cookie: "cookie",
  subprotocol: "sec-websocket-protocol",
} as const;

for (const [place, written, token, problem] of ROWS) {
  const request = place.kind === "query"
    ? head({}, written)
    : head({ [FIELDS[place.kind]]: written });
  Deno.test(`\`findToken()\` in ${place.kind} ${JSON.stringify(written)}: ${token ?? problem}`, () => {
    const expected = problem !== undefined ? { problem } : token === null ? null : { token };
    assert.deepEqual(findToken(request, [place]), expected);
  });
}

Deno.test("`findToken()` takes the first place of the list that has one, a broken one too, and looks at no other", () => {
  const full = head({
    authorization: "Bearer a",
    cookie: "session=c",
    "sec-websocket-protocol": "bearer.s",
  }, "/?token=q");
  const places = [COOKIE, SUBPROTOCOL, QUERY, AUTHORIZATION];
  for (const [at, token] of ["c", "s", "q", "a"].entries()) {
    assert.deepEqual(findToken(full, places.slice(at)), { token });
  }
  assert.equal(findToken(full, [{ kind: "query", name: "other" }]), null);
  const partly = head({ authorization: "Bearer a" }, "/?token=");
  assert.deepEqual(findToken(partly, [COOKIE, AUTHORIZATION]), { token: "a" });
  assert.deepEqual(findToken(partly, [QUERY, AUTHORIZATION]), { problem: STRAY });
});

Deno.test("`findToken()` takes no token over its bound", () => {
  const token = "a".repeat(MAX_TOKEN_CHARACTERS);
  assert.deepEqual(findToken(head({}, `/?token=${token}`), [QUERY]), { token });
  assert.deepEqual(findToken(head({}, `/?token=${token}a`), [QUERY]), {
    problem: "a token that is too long",
  });
});

const NO_PASSWORD = { problem: "no name and password in base64 and UTF-8" };

const PASSWORDS: readonly (readonly [authorization: string, ReturnType<typeof findPassword>])[] = [
  [`Basic ${btoa("Aladdin:open sesame")}`, { name: "Aladdin", password: "open sesame" }],
  [`bAsIc  ${btoa("a:b:c")}`, { name: "a", password: "b:c" }],
  [`Basic ${btoa(":")}`, { name: "", password: "" }],
  // RFC 7617 section 2.1.
  ["Basic dGVzdDoxMjPCow==", { name: "test", password: "123£" }],
  ["Basic dGVzdDoxMjOj", NO_PASSWORD],
  [`Basic ${btoa("abc")}`, NO_PASSWORD],
  [`Basic ${btoa("a:b\0c")}`, NO_PASSWORD],
  [`Basic ${btoa("a:b\n")}`, NO_PASSWORD],
  ["Basic", NO_PASSWORD],
  ["Basic YTpi, Basic YTpj", NO_PASSWORD],
  ["Basic a:b", NO_PASSWORD],
  ["Bearer YTpi", null],
  ["", null],
];

for (const [authorization, expected] of PASSWORDS) {
  Deno.test(`\`findPassword()\` of ${JSON.stringify(authorization)}`, () => {
    assert.deepEqual(findPassword(head({ authorization })), expected);
  });
}

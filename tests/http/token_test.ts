import assert from "node:assert/strict";
import { isSameToken, isToken } from "../../lib/http/token.ts";

Deno.test("`isToken()` admits exactly the characters of RFC 9110 section 5.6.2", () => {
  const admitted = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
  const found = Array.from({ length: 0x200 }, (_, code) => String.fromCharCode(code)).filter(
    isToken,
  );
  assert.equal(found.join(""), admitted);
  for (const text of ["", "a b", "a\n", "a,b", "\u0130"]) assert.equal(isToken(text), false, text);
  for (const text of ["GET", "Sec-WebSocket-Key", "a1"]) assert.equal(isToken(text), true, text);
});

Deno.test("`isSameToken()` tells a token from all others, in whatever case", () => {
  for (const text of ["upgrade", "Upgrade", "UPGRADE"]) assert(isSameToken(text, "upgrade"), text);
  for (const text of ["", "upgrad", "upgrades", " upgrade", "upgr\u0130de", "xpgrade", "upgradf"]) {
    assert(!isSameToken(text, "upgrade"), text);
  }
});

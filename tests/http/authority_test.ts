import assert from "node:assert/strict";
import { isAuthority } from "../../lib/http/authority.ts";

Deno.test("`isAuthority()` takes hosts with and without a port", () => {
  const hosts = [
    ...["example.com", "example.com:8080", "EXAMPLE.com.", "localhost:", "a_b", "10.0.0.1:1"],
    ...["[::1]", "[::1]:80", "[v1.a:b]", "xn--bcher-kva.example", "a%20b", "a,b"],
  ];
  for (const host of hosts) assert.ok(isAuthority(host), host);
});

Deno.test("`isAuthority()` refuses what is more than a host, or less", () => {
  const others = [
    ...["", ":80", "a b", "a, b", "user@a", "a/", "a/b", "a?b", "a#b", "http://a", "a:b", "a:1:2"],
    ...["::1", "[::1", "[]", "[::1]a", "a\tb", "b\u00fccher", "a%2", "a\\b", '"a"', "<a>"],
  ];
  for (const host of others) assert.ok(!isAuthority(host), host);
});

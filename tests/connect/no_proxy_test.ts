import assert from "node:assert/strict";
import { isExempt } from "../../lib/cli/connect/no_proxy.ts";

Deno.test("`isExempt()` matches names and those below them, addresses, networks and ports", () => {
  const cases: [hostname: string, noProxy: string, expected: boolean][] = [
    ["a.example", "", false],
    ["a.example", "*", true],
    ["a.example", "b.example, a.example", true],
    ["a.example", "b.example a.example", true],
    ["A.Example.", "a.EXAMPLE", true],
    ["b.a.example", "a.example", true],
    ["ba.example", "a.example", false],
    ["a.example", "b.a.example", false],
    ["a.example", ".example", true],
    ["example", ".example", true],
    ["a.example", "*.example", true],
    ["a.example", "a.*", false],
    ["a.example", "a.example:8080", true],
    ["a.example", "a.example:80", false],
    ["a.example", "*:80", false],
    ["a.example", "10.0.0.0/8", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.3:8080", true],
    ["10.1.2.3", "10.1.2.3:80", false],
    ["10.1.2.3", "2.3", false],
    ["10.1.2.3", "10.0.0.0/8", true],
    ["10.1.2.3", "10.0.0.1/8", true],
    ["10.1.2.3", "10.1.2.0/25", true],
    ["10.1.2.130", "10.1.2.0/25", false],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "10.0.0.0/33", false],
    ["10.1.2.3", "0.0.0.0/0", true],
    ["10.1.2.3", "10.0.0.0/", false],
    ["10.1.2.3", "10.0.0.0/8/8", false],
    ["10.1.2.3", "::ffff:10.0.0.0/104", true],
    ["::ffff:10.1.2.3", "10.0.0.0/8", true],
    ["10.1.2.3", "::/0", false],
    ["2001:db8::1", "2001:db8:0::1", true],
    ["2001:db8::1", "[2001:db8::1]", true],
    ["2001:db8::1", "[2001:db8::1]:8080", true],
    ["2001:db8::1", "[2001:db8::1]:80", false],
    ["2001:db8::1", "2001:db8::/32", true],
    ["2001:db9::1", "2001:db8::/32", false],
    ["fe80::1%eth0", "fe80::/10", true],
  ];
  for (const [hostname, noProxy, expected] of cases) {
    const words = `${hostname} by ${JSON.stringify(noProxy)}`;
    assert.equal(isExempt({ hostname, port: 8080 }, noProxy), expected, words);
  }
});

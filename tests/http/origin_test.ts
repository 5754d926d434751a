import assert from "node:assert/strict";
import { compileOrigins, matchOrigin } from "../../lib/http/origin.ts";

function admits(entry: string, value: string): boolean {
  return matchOrigin(value, compileOrigins([entry]));
}

const ADMITTED: readonly (readonly [entry: string, value: string])[] = [
  ["example.com", "https://example.com"],
  ["example.com", "http://example.com"],
  ["example.com", "https://example.com:8443"],
  ["example.com", "https://a.example.com"],
  ["example.com", "https://a.b.example.com:1"],
  ["example.com", "HTTPS://EXAMPLE.COM"],
  ["EXAMPLE.com", "https://example.COM"],
  ["example.com.", "https://a.example.com."],
  ["localhost", "http://localhost:6080"],
  ["127.0.0.1", "http://127.0.0.1:6080"],
  ["[::1]", "http://[::1]:6080"],
  ["[0:0:0:0:0:0:0:1]", "http://[::1]"],
  ["[::1]", "http://[0:0::1]"],
  ["b\u00fccher.example", "https://xn--bcher-kva.example"],
  ["xn--bcher-kva.example", "https://b\u00fccher.example"],
  ["xn--bcher-kva.example", "https://shop.xn--bcher-kva.example"],
  ["exa_mple.com", "https://exa_mple.com"],
  ["https://example.com", "https://example.com"],
  ["https://example.com", "https://example.com:443"],
  ["https://example.com:443", "https://example.com"],
  ["http://example.com:80", "HTTP://Example.com"],
  ["https://example.com:8443", "https://example.com:8443"],
  ["http://[::1]:6080", "http://[::1]:6080"],
  ["moz-extension://0a1b-2c", "moz-extension://0a1b-2c"],
  // Packaged browsers and pages from files.
  ["file://", "file://"],
  ["FILE://", "file://"],
  ["null", "null"],
  ["app://-", "app://-"],
  ["app://", "app://"],
  ["app://obsidian.md", "app://obsidian.md"],
  ["capacitor://localhost", "capacitor://localhost"],
  ["ionic://localhost", "ionic://localhost"],
  ["tauri://localhost", "tauri://localhost"],
  ["vscode-webview://0abc~1", "vscode-webview://0abc~1"],
  ["app://localhost:3000", "app://localhost:3000"],
  ["app://1", "app://1"],
  // The web's schemes, by a host alone.
  ["example.com", "ws://example.com"],
  ["example.com", "wss://a.example.com:65535"],
];

for (const [entry, value] of ADMITTED) {
  Deno.test(`\`matchOrigin()\` admits ${value} by ${entry}`, () => assert(admits(entry, value)));
}

const REFUSED: readonly (readonly [why: string, entry: string, value: string])[] = [
  ["a suffix without a dot", "example.com", "https://evilexample.com"],
  ["a suffix with a hyphen", "example.com", "https://evil-example.com"],
  ["the entry as a prefix", "example.com", "https://example.com.evil.com"],
  ["the entry as a label", "example.com", "https://example.comevil.com"],
  ["the parent of the entry", "a.example.com", "https://example.com"],
  ["another top level", "example.com", "https://example.co"],
  ["an opaque origin", "example.com", "null"],
  ["a host of the name null", "null", "https://null"],
  ["null in capitals", "null", "NULL"],
  ["null twice", "null", "null, null"],
  ["a host by null", "null", "https://example.com"],
  ["a file by a host", "example.com", "file://example.com"],
  ["an app by a host", "localhost", "capacitor://localhost"],
  ["an app by a host under it", "example.com", "app://a.example.com"],
  ["an extension by a host", "abcdef", "chrome-extension://abcdef"],
  ["a port beyond 65535", "example.com", "https://example.com:99999"],
  ["the first port that is none", "example.com", "https://example.com:65536"],
  ["port 0", "example.com", "https://example.com:0"],
  ["a port with a zero in front", "example.com", "https://example.com:0443"],
  ["a file on a host by files", "file://", "file://host"],
  ["a path by files", "file://", "file:///"],
  ["a path of a file", "file://", "file:///tmp/a.html"],
  ["null by files", "file://", "null"],
  ["files by null", "null", "file://"],
  ["another app", "app://-", "app://x"],
  ["another scheme's app", "capacitor://localhost", "ionic://localhost"],
  ["the web's by an app", "capacitor://localhost", "http://localhost"],
  ["a port of an app that has none", "capacitor://localhost", "capacitor://localhost:80"],
  ["a host over an app's", "app://localhost", "app://a.localhost"],
  ["an app that reads as the same IP address", "app://1", "app://0.0.0.1"],
  ["no host", "file://", "https://"],
  ["an empty value", "example.com", ""],
  ["blanks", "example.com", " "],
  ["a bare host", "example.com", "example.com"],
  ["no scheme", "example.com", "//example.com"],
  ["one slash", "example.com", "https:/example.com"],
  ["no slash", "example.com", "https:example.com"],
  ["no host", "example.com", "https://"],
  ["a host of a dot", "example.com", "https://.example.com/"],
  ["a user", "example.com", "https://user@example.com"],
  ["the entry as a user", "example.com", "https://example.com@evil.com"],
  ["the entry as a user with a password", "example.com", "https://example.com:80@evil.com"],
  ["a backslash before an at sign", "example.com", "https://evil.com\\@example.com"],
  ["a backslash", "example.com", "https://evil.com\\.example.com"],
  ["a path", "example.com", "https://evil.com/.example.com"],
  ["a closing slash", "example.com", "https://example.com/"],
  ["a query", "example.com", "https://evil.com?.example.com"],
  ["a fragment", "example.com", "https://evil.com#.example.com"],
  ["an escaped fragment", "example.com", "https://evil.com%23.example.com"],
  ["an escaped slash", "example.com", "https://evil.com%2f.example.com"],
  ["an escaped blank", "example.com", "https://evil%20.example.com"],
  ["an escaped at sign", "example.com", "https://evil.com%40.example.com"],
  ["an angle bracket", "example.com", "https://<.example.com"],
  ["a broken ASCII form", "example.com", "https://xn--a.example.com"],
  ["a host over an IP address", "127.0.0.1", "http://a.127.0.0.1"],
  ["the end of an IP address", "0.0.1", "http://127.0.0.1"],
  ["a trailing dot, which is another host", "example.com", "https://example.com."],
  ["an entry with a trailing dot", "example.com.", "https://example.com"],
  ["an empty port", "example.com", "https://example.com:"],
  ["a port of letters", "example.com", "https://example.com:https"],
  ["a port of six digits", "example.com", "https://example.com:123456"],
  ["two ports", "example.com", "https://example.com:1:2"],
  ["a repeated header", "example.com", "https://example.com, https://example.com"],
  ["a repeated header that ends well", "example.com", "https://evil.com, https://a.example.com"],
  ["a list without blanks", "example.com", "https://evil.com,https://a.example.com"],
  ["two origins", "example.com", "https://evil.com https://a.example.com"],
  ["a tab", "example.com", "https://evil.com\t.example.com"],
  ["a line end", "example.com", "https://example.com\n"],
  ["a NUL", "example.com", "https://evil.com\0.example.com"],
  ["a scheme that begins with a digit", "example.com", "1https://example.com"],
  ["IPv6 without brackets", "[::1]", "http://::1"],
  ["an open bracket", "[::1]", "http://[::1"],
  ["another IPv6 address", "[::1]", "http://[::2]"],
  ["a name after IPv6", "example.com", "http://[::1].example.com"],
  ["an IPv6 zone", "[fe80::1]", "http://[fe80::1%25eth0]"],
  ["a look-alike letter", "example.com", "https://ex\u0430mple.com"],
  ["another scheme", "https://example.com", "http://example.com"],
  ["another port", "https://example.com:8443", "https://example.com:8444"],
  ["the scheme's port for another", "https://example.com:8443", "https://example.com"],
  ["a host under an origin", "https://example.com", "https://a.example.com"],
  ["a port with a leading zero", "https://example.com", "https://example.com:0443"],
];

for (const [why, entry, value] of REFUSED) {
  Deno.test(`\`matchOrigin()\` refuses ${why}: ${JSON.stringify(value)} by ${entry}`, () => {
    assert.equal(admits(entry, value), false);
  });
}

Deno.test("`matchOrigin()` takes any of several entries and none of no entries", () => {
  const rules = compileOrigins(["example.com", "https://example.org:8443"]);
  assert(matchOrigin("http://example.com", rules));
  assert(matchOrigin("https://example.org:8443", rules));
  assert.equal(matchOrigin("https://example.org", rules), false);
  assert.equal(matchOrigin("https://example.com", []), false);
});
